"""Text of a model or of its programs made harmless for a terminal, and bounded."""


def visible(text: str) -> str:
    """``text`` with every character that does not print written as its escape; newlines stay, tabs are four spaces."""
    return "".join(char if char.isprintable() or char == "\n" else _escape(char) for char in text)


def one_line(text: str, limit: int) -> str:
    """``text`` made visible on one line of at most ``limit`` characters, the end left out."""
    bounded = text[: limit + 1].replace("\n", "\\n")
    shown = visible(bounded)
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def counted(number: int, noun: str) -> str:
    """``1 test``, ``2 tests``, ``1,000 tests``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _escape(char: str) -> str:
    return "    " if char == "\t" else char.encode("unicode_escape").decode("ascii")
