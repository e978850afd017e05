"""The code of a run, rebuilt from its events; ``Finished`` is not needed."""

from collections.abc import Iterable
from functools import reduce

from linewise.events import Event, text_after


def replay(events: Iterable[Event]) -> str:
    """The code after ``events``, read from ``AttemptStarted``, ``TokenChosen`` and ``LineCommitted`` alone.

    Of a whole run it is exactly ``Solution.code``. Of a run that was cut it is the text of the answer under way, which
    may hold a closing fence.
    """
    return reduce(text_after, events, "")
