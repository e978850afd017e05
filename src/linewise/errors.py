"""What linewise raises.

::

    LinewiseError               anything that linewise raises on purpose; its text is one line for the user
    +-- InputError              bad task, option or file: names the place and the mend (exit code 2)
    +-- MissingPartError        something is not installed or not downloaded; names the command that mends it
    +-- EngineError             the model cannot do what was asked
    |   +-- ContextOverflow     the prompt and answer do not fit; names the sizes and the option
    +-- SandboxError            no working sandbox, or one that broke: never a verdict on a program
    +-- Stopped                 a running call was told to stop
        +-- Cancelled           by the user
        +-- BudgetSpent         by a limit of time or tokens

What a candidate program does wrong is an ``Outcome``, not an exception.
"""


class LinewiseError(Exception):
    """Base of everything that linewise raises on purpose."""


class InputError(LinewiseError):
    """A task, option or file is unusable; the text names the place and the mend."""


class MissingPartError(LinewiseError):
    """A package, model file or program is missing; the text names the command that mends it."""


class EngineError(LinewiseError):
    """The engine cannot do what was asked."""


class ContextOverflow(EngineError):
    """Prompt and answer do not fit into the engine's context."""


class SandboxError(LinewiseError):
    """The sandbox does not work or broke. Never a verdict on a program."""


class Stopped(LinewiseError):
    """A running call was told to stop."""


class Cancelled(Stopped):
    """The user cancelled."""


class BudgetSpent(Stopped):
    """A limit of seconds or computed tokens is reached."""
