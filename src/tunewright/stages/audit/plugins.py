"""The audit's checks: one file each below ``checks/``, and those of packages outside."""

from tunewright.core.plugins import PluginField, PluginRegistry

CHECKS = PluginRegistry("tunewright.stages.audit.checks", "check", "check")
FIELDS = (PluginField("audit", "checks", CHECKS),)
