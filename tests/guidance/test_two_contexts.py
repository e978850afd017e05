"""Guided decoding on a real model, through the two-context path, against decoding in one context alone.

The same tokens are compared as long as the better context's lead over its second choice exceeds ``NOISE``: batches of
other shapes round otherwise, which in this small model moves log-probabilities by some tenths of a nat.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from tasks import options

from linewise.engines.base import LogProbs, Pair, Stop
from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.guidance.answer import RESPONSE_PREFIX, end_of_answer
from linewise.guidance.guided_line import ChosenToken, Contexts, TokenChooser, Writing
from linewise.guidance.mix import mix
from linewise.guidance.prompting import messages
from linewise.meter import Meter
from linewise.schema import AssertTest, Task

NOISE = 0.7
LENGTH = 40
TASKS = [
    Task("Write a function that adds two numbers.", "add", (AssertTest("assert add(1, 2) == 3"),)),
    Task("Write a function that reverses a text.", "reverse", (AssertTest("assert reverse('ab') == 'ba'"),)),
    Task("Write a function that returns the largest number.", "largest", (AssertTest("assert largest([1]) == 1"),)),
    Task("Write a function that counts the vowels of a word.", "vowels", (AssertTest("assert vowels('aeb') == 2"),)),
]
SIGNAL = """## What running the code shows

### Continuation 1
```python
def {name}(values):
    result = values
    return result
```
`{name}(1)`
  {name} is called with values: int = 1
  {name} returns 1"""


def contexts(engine: LlamaCppEngine, task: Task) -> Contexts:
    chosen = options(prompt="brief")
    plain = engine.prompt(messages(task, chosen), RESPONSE_PREFIX)
    guided = engine.prompt(messages(task, chosen, signal=SIGNAL.format(name=task.entry_point)), RESPONSE_PREFIX)
    return Contexts(plain, guided)


def decoded(engine: LlamaCppEngine, both: Contexts, gamma: float) -> tuple[Writing, list[ChosenToken]]:
    chooser = TokenChooser(engine, options(gamma=gamma, max_tokens=LENGTH), Meter())
    writing = Writing()
    return writing, list(chooser.until(writing, both, lambda: False))


def greedy(engine: LlamaCppEngine, context: Sequence[int]) -> list[int]:
    """Decoding by the engine's own sampler, which knows one context and nothing of guidance."""
    stop = Stop(LENGTH, until=lambda text: end_of_answer(text) is not None)
    (found,) = engine.sample(context, n=1, stop=stop, temperature=0, top_p=1, seed=0, meter=Meter())
    return list(found.tokens)


def lead(log_probs: LogProbs) -> float:
    best, second = np.sort(log_probs)[:-3:-1]
    return float(best - second)


def agreeing(engine: LlamaCppEngine, context: Sequence[int], written: list[int], expected: list[int]) -> int:
    """How many tokens agree; they may part only where the lead in ``context`` is within the noise."""
    for place, (one, other) in enumerate(zip(written, expected, strict=False)):
        if one != other:
            (dist,) = engine.next_dists([Pair([*context, *expected[:place]], None)], meter=Meter())
            assert dist.plain is not None
            assert lead(dist.plain) <= NOISE
            return place
    return min(len(written), len(expected))


@pytest.mark.parametrize("gamma", [0, 1])
def test_gamma_0_is_the_plain_and_gamma_1_the_guided_context_alone(smollm2: LlamaCppEngine, gamma: int) -> None:
    same, total = 0, 0
    for task in TASKS:
        smollm2.forget()
        both = contexts(smollm2, task)
        assert both.guided is not None
        alone = both.guided if gamma else both.plain
        writing, chosen = decoded(smollm2, both, gamma)
        smollm2.forget()
        expected = greedy(smollm2, alone)
        assert all(token.guided for token in chosen)
        assert bool(gamma) or not any(token.changed for token in chosen)
        same += agreeing(smollm2, alone, writing.tokens, expected)
        total += len(expected)
    assert same >= 0.6 * total, "most of the text was compared"


def test_the_contexts_differ(smollm2: LlamaCppEngine) -> None:
    """The control of the test above: were the guided context ignored, it could not fail."""
    different = 0
    for task in TASKS:
        both = contexts(smollm2, task)
        assert both.guided is not None
        different += greedy(smollm2, both.plain) != greedy(smollm2, both.guided)
    assert different >= len(TASKS) // 2


def test_every_choice_is_the_argmax_of_the_mix(smollm2: LlamaCppEngine) -> None:
    """With gamma 3, token by token, against the formula on distributions that are asked for anew."""
    both = contexts(smollm2, TASKS[0])
    assert both.guided is not None
    writing, chosen = decoded(smollm2, both, 3)
    smollm2.forget()
    for place, token in enumerate(chosen):
        pair = Pair([*both.plain, *writing.tokens[:place]], [*both.guided, *writing.tokens[:place]])
        (dists,) = smollm2.next_dists([pair], meter=Meter())
        assert dists.plain is not None
        assert dists.guided is not None
        scores = mix(dists.plain, dists.guided, gamma=3, floor=1e-8)
        # The mix holds the plain noise twice and the guided one three times.
        assert scores.max() - scores[token.token] <= 5 * NOISE
        assert token.token == scores.argmax() or token.margin <= 5 * NOISE


def test_the_written_text_is_never_encoded_again(smollm2: LlamaCppEngine) -> None:
    both = contexts(smollm2, TASKS[1])
    writing, chosen = decoded(smollm2, both, 1)
    assert [token.token for token in chosen] == writing.tokens
    assert "".join(token.text for token in chosen) == writing.text == smollm2.decode(writing.tokens)


def test_a_step_of_both_contexts_computes_two_tokens(smollm2: LlamaCppEngine) -> None:
    smollm2.forget()
    meter = Meter()
    chooser = TokenChooser(smollm2, options(max_tokens=10), meter)
    both = contexts(smollm2, TASKS[0])
    assert both.guided is not None
    writing = Writing()
    steps = list(chooser.until(writing, both, lambda: len(writing.tokens) >= 10))
    ledger = meter.ledger()
    assert ledger.computed is not None
    assert ledger.computed <= len(both.plain) + len(both.guided) + 2 * (len(steps) - 1)
