"""Engines: everything that turns token prefixes into distributions and samples. ``base`` is the contract."""
