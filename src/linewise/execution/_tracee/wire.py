"""Frames on a descriptor: four bytes of length, most significant first, then the payload."""

import json
import os
import struct
from typing import Any

HEADER = struct.Struct(">I")

STAYS, ENDS = b"+", b"-"
"""How a judge that may judge again begins its report: whether it will."""


def write_frame(descriptor: int, payload: bytes | memoryview) -> None:
    """Write one frame, however many calls it takes. The payload is not copied."""
    header, rest = memoryview(HEADER.pack(len(payload))), memoryview(payload)
    while header or rest:
        count = os.writev(descriptor, [header, rest])
        header, rest = header[count:], rest[max(0, count - len(header)) :]


def read_frame(descriptor: int, limit: int | None = None) -> bytes | None:
    """Read one frame; ``None`` at the end of the stream. Raises ``ValueError`` for one longer than ``limit``."""
    header = _read_exactly(descriptor, HEADER.size)
    if header is None:
        return None
    (size,) = HEADER.unpack(header)
    if limit is not None and size > limit:
        raise ValueError("a frame is too long")
    return _read_exactly(descriptor, size)


def write_message(descriptor: int, content: dict[str, Any]) -> None:
    """Write a frame of JSON."""
    write_frame(descriptor, json.dumps(content).encode())


def read_message(descriptor: int, limit: int | None = None) -> dict[str, Any] | None:
    """Read a frame of JSON; ``None`` at the end of the stream. Raises ``ValueError`` for anything but an object."""
    frame = read_frame(descriptor, limit)
    if frame is None:
        return None
    content = json.loads(frame)
    if type(content) is not dict:
        raise ValueError("no object")
    return content


def _read_exactly(descriptor: int, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = os.read(descriptor, min(size - len(data), 1 << 20))
        if not chunk:
            return None
        data += chunk
    return bytes(data)
