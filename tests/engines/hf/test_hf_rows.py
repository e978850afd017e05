"""Which rows go through the model together."""

from hypothesis import given
from hypothesis import strategies as st

from linewise.engines.hf.rows import PADDING, Row, next_pass, serve

CHUNK, CELLS = 32, 200

rows_of_any_kind = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda pair: Row([5] * sum(pair), done=pair[0])), min_size=1
)


def planned(rows: list[Row]) -> tuple[list[Row], list[int]]:
    sizes = {row: min(row.rest, CHUNK) for row in rows}
    return next_pass(rows, sizes, chunk=CHUNK, cells=CELLS)


@given(rows_of_any_kind)
def test_a_pass_is_bounded_and_little_of_it_is_padding(rows: list[Row]) -> None:
    chosen, steps = planned(rows)
    assert 1 <= len(chosen) == len(steps)
    assert all(0 < step <= row.rest for row, step in zip(chosen, steps, strict=True))
    if len(chosen) > 1:
        assert max(steps) * len(chosen) <= CHUNK
        assert max(row.done + step for row, step in zip(chosen, steps, strict=True)) * len(chosen) <= CELLS
    # Both within half of, or within PADDING of, the first one.
    assert max(steps) <= max(4 * min(steps), 2 * min(steps) + PADDING, min(steps) + 2 * PADDING)


@given(rows_of_any_kind)
def test_nobody_waits_for_long(rows: list[Row]) -> None:
    """Every row is served within as many passes as there are rows, whatever the others want."""
    served: set[Row] = set()
    for _ in range(len(rows)):
        chosen, _ = planned(rows)
        serve(chosen)
        served |= set(chosen)
    assert served == set(rows)


@given(st.integers(1, CHUNK))
def test_decoding_rows_go_together(count: int) -> None:
    chosen, steps = planned([Row([5] * 3, done=2) for _ in range(count)])
    assert (len(chosen), set(steps)) == (count, {1})


def test_a_long_prefill_and_a_step_take_turns() -> None:
    prefill, step = Row([5] * 500), Row([5] * 10, done=9)
    order = []
    for _ in range(6):
        (chosen,), (steps,) = planned([prefill, step])
        serve([chosen])
        order.append((chosen is step, steps))
    assert order == [(False, CHUNK), (True, 1)] * 3


def test_which_distributions_of_a_row_are_wanted() -> None:
    row = Row([5] * 10, wanted=3, done=6)
    assert list(row.wanted_in(2)) == [1]
    assert list(row.wanted_in(4)) == [1, 2, 3]
    assert list(Row([5] * 10, done=0).wanted_in(5)) == []
    assert list(Row([5] * 10, wanted=0).wanted_in(10)) == []
