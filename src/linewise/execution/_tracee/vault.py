"""Memory of the zygote that no child inherits. Tests, programs and reports pass through it and through nothing else:
whatever else a zygote reads stays, freed or not, in the memory of every child that it makes later.
"""

import mmap
import os
from typing import Protocol

from . import wire

SIZE = 96 << 20


class Full(Exception):
    """More was sent than there is room for."""


class Reader(Protocol):
    """Reads into a buffer and says how much: a descriptor's or a socket's way."""

    def __call__(self, into: memoryview, /) -> int:
        """0 at the end of the stream."""


class Vault:
    """One area, filled from the beginning anew for every run."""

    def __init__(self) -> None:
        self._area = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._area.madvise(mmap.MADV_DONTFORK)
        self._view = memoryview(self._area)
        self._used = 0

    def clear(self) -> None:
        """Forget everything; what was large goes back to the system."""
        if self._used > 1 << 20:
            self._area.madvise(mmap.MADV_DONTNEED)
        self._used = 0

    def room(self, size: int) -> memoryview:
        """So many bytes. Raises ``Full``."""
        start, self._used = self._used, self._used + size
        if self._used > SIZE:
            raise Full
        return self._view[start : self._used]

    def read_frame(self, descriptor: int) -> memoryview:
        """One whole frame's payload. Raises ``EOFError`` and ``Full``."""
        (size,) = wire.HEADER.unpack(self._filled(descriptor, bytearray(wire.HEADER.size)))
        payload = self.room(size)
        return self._filled(descriptor, payload)

    def _filled(self, descriptor: int, target: "bytearray | memoryview") -> memoryview:
        rest = whole = memoryview(target)
        while rest:
            count = os.readv(descriptor, [rest])
            if not count:
                raise EOFError
            rest = rest[count:]
        return whole


class Report:
    """A frame that arrives in pieces."""

    def __init__(self, vault: Vault, limit: int) -> None:
        self._vault = vault
        self._limit = limit
        self._header = bytearray(wire.HEADER.size)
        self._rest = memoryview(self._header)
        self._payload: memoryview | None = None
        self.complete = False

    def receive(self, read: Reader) -> bool:
        """Take in what is there; ``False`` at the end of the stream, or where the frame is longer than its limit."""
        count = read(self._rest)
        self._rest = self._rest[count:]
        if count and not self._rest and self._payload is None:
            (size,) = wire.HEADER.unpack(self._header)
            if size > self._limit:
                return False
            self._rest = self._payload = self._vault.room(size)
        self.complete = self._payload is not None and not self._rest
        return count > 0

    def payload(self, secret: bytes) -> memoryview:
        """What follows the secret that a whole report begins with; nothing where one of them is not there."""
        if self._payload is None or not self.complete or self._payload[: len(secret)] != secret:
            return memoryview(b"")
        return self._payload[len(secret) :]
