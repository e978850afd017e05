"""Every suite: how its data becomes problems. ``registry`` has them by name."""
