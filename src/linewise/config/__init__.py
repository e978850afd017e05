"""Configuration: presets and settings. Every package declares its own options; this one only fills them."""

from linewise.config.settings import Settings, load_settings, recorded_settings

__all__ = ["Settings", "load_settings", "recorded_settings"]
