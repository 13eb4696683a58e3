"""Training's methods, launchers and trackers: one file each, and those of packages outside."""

from tunewright.core.plugins import PluginField, PluginRegistry

METHODS = PluginRegistry("tunewright.stages.train.methods", "method", "train")
LAUNCHERS = PluginRegistry("tunewright.stages.train.launchers", "launcher", "commands")
TRACKERS = PluginRegistry("tunewright.stages.train.trackers", "tracker", "track")
FIELDS = (
    PluginField("train", "method", METHODS, single=True),
    PluginField("train", "launch", LAUNCHERS, single=True),
    PluginField("train", "trackers", TRACKERS),
)
