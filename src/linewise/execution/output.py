"""When printed output is the expected one."""


def same_output(printed: str, expected: str) -> bool:
    """Whether two texts agree line by line, white space at line ends and blank lines at the end aside."""
    return _lines(printed) == _lines(expected)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]
