"""Configuration: presets and settings. Every package declares its own options; this one only fills them."""

from linewise.config.keys import Setting, every_setting
from linewise.config.loading import load_settings, recorded_settings
from linewise.config.settings import Settings

__all__ = ["Setting", "Settings", "every_setting", "load_settings", "recorded_settings"]
