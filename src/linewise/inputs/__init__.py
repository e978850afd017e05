"""What a user hands in, turned into a ``Task``: a task file, command-line flags, or a function stub.

Everything that is wrong with it is an ``InputError`` of one line that names the place and the mend.
"""

from linewise.inputs.entry_point import infer_entry_point
from linewise.inputs.stub import StubTask, load_stub, split_stub_argument
from linewise.inputs.task_file import load_task_file, task_from_flags

__all__ = ["StubTask", "infer_entry_point", "load_stub", "load_task_file", "split_stub_argument", "task_from_flags"]
