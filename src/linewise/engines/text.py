"""Bytes of tokens to text."""

import codecs
from collections.abc import Iterable


def decode_pieces(pieces: Iterable[bytes]) -> str:
    """UTF-8 text; bytes at the end that are no character yet are left out, invalid ones elsewhere replaced."""
    return codecs.getincrementaldecoder("utf-8")(errors="replace").decode(b"".join(pieces))
