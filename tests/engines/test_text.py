import pytest
from hypothesis import given
from hypothesis import strategies as st

from linewise.engines.base import complete_lines
from linewise.engines.text import decode_pieces


@given(st.text(st.characters(exclude_categories=["Cs"])), st.data())
def test_pieces_cut_anywhere_give_the_text(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cut = data.draw(st.integers(0, len(raw)))
    assert decode_pieces([raw[:cut], raw[cut:]]) == text
    assert text.startswith(decode_pieces([raw[:cut]]))


def test_a_split_character_is_left_out_at_the_end_and_replaced_elsewhere() -> None:
    assert decode_pieces(["é".encode()[:1]]) == ""
    assert decode_pieces(["é".encode()[:1], b"x"]) == "\ufffdx"


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("a", 0), ("\n", 0), ("a\n", 1), ("a\n\n \t\nb\nc", 2), ("a\r\n\r\nb\r\n", 2)]
)
def test_complete_lines(text: str, count: int) -> None:
    assert complete_lines(text) == count
