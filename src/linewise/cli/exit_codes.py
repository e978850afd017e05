"""What the command's exit codes mean."""

SOLVED = 0
"""All visible tests pass, or there are none."""
BROKEN = 1
"""Something other than the task or the usage is wrong."""
BAD_INPUT = 2
"""Bad usage or bad input."""
UNSOLVED = 3
"""Finished, but a visible test fails; the best attempt is printed all the same."""
INTERRUPTED = 130
"""Ctrl-C."""
