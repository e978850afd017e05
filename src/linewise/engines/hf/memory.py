"""What an engine's scheduler asks of the memory in which the states of prefixes are kept."""

from collections.abc import Sequence
from typing import Protocol

from linewise.engines.hf.rows import Row


class Memory(Protocol):
    """States of prefixes, bounded in tokens. Used by one thread at a time."""

    shares: bool
    """Whether prefixes share the tokens that they have in common, and can be shortened; else each has its own."""

    @property
    def held(self) -> int:
        """Tokens whose states are kept, padding included."""
        ...

    def attach(self, rows: Sequence[Row]) -> None:
        """Give each of these rows, all of one call, the longest state there is; ``done`` tells how long it is."""
        ...

    def together(self, row: Row, rows: Sequence[Row]) -> list[Row]:
        """Those of ``rows`` that can go through the model beside ``row``, which is one of them."""
        ...

    def chunk(self, row: Row, most: int) -> int:
        """How many of the row's next tokens the model can take in one pass; normally ``most``."""
        ...

    def compute(self, rows: Sequence[Row], steps: Sequence[int]) -> None:
        """Put so many of each row's next tokens through the model: one pass."""
        ...

    def release(self, rows: Sequence[Row]) -> None:
        """These rows go no further; their states are kept for others, within the bound."""
        ...

    def forget(self) -> None:
        """Drop everything; rows begin anew."""
        ...
