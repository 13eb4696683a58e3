"""Cleaning's fixes: one file each below ``fixes/``, and those of packages outside."""

from tunewright.core.plugins import PluginField, PluginRegistry

FIXES = PluginRegistry("tunewright.stages.clean.fixes", "fix", "fix")
FIELDS = (PluginField("clean", "fixes", FIXES),)
