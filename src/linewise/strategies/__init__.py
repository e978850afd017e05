"""Strategies: ways to turn a task into one answer. ``base`` is the contract."""
