"""Execution: everything that runs a program of the model. ``base`` is the contract."""
