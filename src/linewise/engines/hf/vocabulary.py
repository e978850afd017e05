"""Tokens, bytes and special tokens of a model of transformers."""

import re
import threading
from functools import cache
from typing import Any

_CONTROL = re.compile(r"<([|\uff5c]).*\1>")
"""``<|...|>``, with either bar. Added tokens of this form are control tokens, though some models do not mark them
as special, such as those with which Qwen2.5 fills in the middle.
"""

_LEAD = "\n"
"""Text put in front where a tokenizer adds a space to the beginning of a text; its own tokens are taken away again."""


class Vocabulary:
    """A tokenizer by its public interface, safe from any thread. ``extra_ends``: end tokens that the model names."""

    def __init__(self, tokenizer: Any, extra_ends: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self._lock = threading.Lock()
        _mark_controls(tokenizer)
        added = tokenizer.added_tokens_decoder
        self._added: dict[int, str] = {token: entry.content for token, entry in added.items()}
        special = {token for token, entry in added.items() if entry.special}
        # A special token can be no part of a program, so it ends an answer as well.
        self.end_tokens = frozenset(special | set(tokenizer.all_special_ids) | extra_ends)
        self.bos, self.eos = tokenizer.bos_token or "", tokenizer.eos_token or ""
        self.chat_template: str | None = tokenizer.get_chat_template() if tokenizer.chat_template else None
        self._bytes = _byte_alphabet() if _is_byte_level(tokenizer) else None
        self.first = self._first()
        self._lead = self._encode(_LEAD, special=False) if self._adds_space() else []
        self.piece = cache(self._piece)

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """The tokens of ``text``; ``special`` tells whether special tokens in it are recognised."""
        text = text.encode("utf-8", errors="replace").decode()
        if not self._lead or special:
            return self._encode(text, special=special)
        tokens = self._encode(_LEAD + text, special=False)
        whole = tokens[: len(self._lead)] == self._lead
        return tokens[len(self._lead) :] if whole else self._encode(text, special=False)

    def _encode(self, text: str, *, special: bool) -> list[int]:
        with self._lock:
            found = self._tokenizer.encode(text, add_special_tokens=False, split_special_tokens=not special)
        return [int(token) for token in found]

    def _first(self) -> list[int]:
        """What the tokenizer itself puts in front of a text: a begin token, or nothing."""
        bos = self._tokenizer.bos_token_id
        return [bos] if bos is not None and self._tokenizer.encode("a")[:1] == [bos] else []

    def _adds_space(self) -> bool:
        return b"".join(self._piece(token) for token in self._encode("a", special=False)) == b" a"

    def _piece(self, token: int) -> bytes:
        """The bytes of a token, special ones by their names; none for ids with which a vocabulary is padded."""
        if token in self._added:
            return self._added[token].encode()
        name = self._tokenizer.convert_ids_to_tokens(token) if token < len(self._tokenizer) else None
        if name is None:
            return b""
        if self._bytes is not None:
            return bytes(self._bytes[letter] for letter in name if letter in self._bytes)
        if len(name) == 6 and name.startswith("<0x") and name.endswith(">"):
            return bytes([int(name[3:5], 16)])
        return str(name).replace("\u2581", " ").encode()


def _mark_controls(tokenizer: Any) -> None:
    """Make special what has the form of a control token: no text becomes one then, and each ends an answer."""
    unmarked = [
        type(entry)(
            entry.content,
            special=True,
            **{name: getattr(entry, name) for name in ("single_word", "lstrip", "rstrip", "normalized")},
        )
        for entry in tokenizer.added_tokens_decoder.values()
        if not entry.special and _CONTROL.fullmatch(entry.content)
    ]
    if unmarked:
        tokenizer.add_tokens(unmarked, special_tokens=True)


def _is_byte_level(tokenizer: Any) -> bool:
    """Whether tokens are spelled in the alphabet of byte-level BPE; else they are text, as SentencePiece has it."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return backend is not None and "ByteLevel" in f"{backend.decoder!r}"


def _byte_alphabet() -> dict[str, int]:
    """Byte-level BPE's letters: printable bytes stand for themselves, the others for characters from U+0100 on."""
    printable = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (byte for byte in range(0x100) if byte not in printable)
    return {chr(byte): byte for byte in printable} | {chr(0x100 + at): byte for at, byte in enumerate(others)}
