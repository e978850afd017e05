"""Runs inside the sandbox, on the standard library alone; travels there as one archive.

``zygote`` answers requests by forking; ``child`` turns the fork into a limited process; ``runner`` executes program
and test there; ``watch`` and ``instrument`` see the entry-point call; ``tracer`` records steps, ``render`` values.
Nothing here is imported by the host, and nothing that comes from here is believed by it.
"""
