"""Frames on a descriptor: four bytes of length, most significant first, then the payload."""

import os
import struct

HEADER = struct.Struct(">I")


def write_frame(descriptor: int, payload: bytes) -> None:
    """Write one frame, however many calls it takes."""
    rest = memoryview(HEADER.pack(len(payload)) + payload)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def read_frame(descriptor: int) -> bytes | None:
    """Read one frame; ``None`` at the end of the stream."""
    header = _read_exactly(descriptor, HEADER.size)
    return None if header is None else _read_exactly(descriptor, HEADER.unpack(header)[0])


def _read_exactly(descriptor: int, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = os.read(descriptor, size - len(data))
        if not chunk:
            return None
        data += chunk
    return bytes(data)
