"""The engines that the contract is checked on. A new engine is one more entry of ``SUBJECTS``."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from engine_runs import Subject
from tiny_models import save_model, save_stateful

from linewise.engines.base import Engine
from linewise.engines.hf import HfEngine
from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.engines.options import HfOptions, LlamaCppOptions
from linewise.engines.scripted import Reply, ScriptedEngine

REPLIES = (
    Reply(text="def add(a, b):\n    return a + b\n```", weight=3),
    Reply(text="def add(a, b):\n    # né à Zürich → 数\n\n    total = a + b\n    return total\n```", weight=2),
    Reply(text="def sum_of(numbers):\n    total = 0\n    for n in numbers:\n        total += n\n    return total\n"),
    Reply(text="import math\n\n\ndef add(a, b):\n    return math.fsum([a, b])\n"),
    Reply(text="x = [1, 2]\n", when="list"),
)


def scripted(request: pytest.FixtureRequest, ctx: int) -> Subject:
    del request, ctx
    return Subject(ScriptedEngine(REPLIES), distance=0.0, margin=0.0, nats=0.0)


def smollm2(request: pytest.FixtureRequest, ctx: int) -> Subject:
    """Rounding of activations to 8 bits makes much of a last bit that another batch set otherwise: up to 0.07 of
    distance and 0.7 nats were measured over 72 pairs of calls.
    """
    path: Path = request.getfixturevalue("smollm2_path")
    engine = LlamaCppEngine(path, options=LlamaCppOptions(ctx=ctx, threads=1))
    return Subject(engine, distance=0.15, margin=0.7, nats=1.5, held=lambda: engine.held, bound=ctx, visits_apart=False)


def transformers_llama(request: pytest.FixtureRequest, ctx: int) -> Subject:
    return transformers_subject(request.getfixturevalue("tiny_llama"), ctx)


def transformers_stateful(request: pytest.FixtureRequest, ctx: int) -> Subject:
    """It cannot rewind."""
    return transformers_subject(request.getfixturevalue("tiny_stateful"), ctx)


def transformers_subject(folder: Path, ctx: int) -> Subject:
    """Float32: batches of other shapes add up in another order. Ten times what was measured over 72 pairs of calls."""
    engine = HfEngine(f"hf/{folder}", options=HfOptions(ctx=ctx, threads=1, device="cpu", dtype="float32"))
    return Subject(engine, distance=2e-5, margin=2e-4, nats=2e-4, held=lambda: engine.held, bound=3 * ctx)


SUBJECTS: dict[str, Callable[[pytest.FixtureRequest, int], Subject]] = {
    "scripted": scripted,
    "smollm2": smollm2,
    "transformers": transformers_llama,
    "transformers-stateful": transformers_stateful,
}
REMEMBERING = ("smollm2", "transformers", "transformers-stateful")
"""Engines with a cache, and so with a bound on what they hold."""


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def tiny_stateful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_stateful(tmp_path_factory.mktemp("lfm2"))


def opened(request: pytest.FixtureRequest, ctx: int) -> Iterator[Subject]:
    subject = SUBJECTS[request.param](request, ctx)
    with subject.engine:
        yield subject


@pytest.fixture(scope="session", params=SUBJECTS)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Every engine in turn, with room for all that a test asks."""
    yield from opened(request, 4096)


@pytest.fixture
def engine(subject: Subject) -> Engine:
    """Every engine in turn, as if just opened."""
    subject.engine.forget()
    return subject.engine


@pytest.fixture(scope="session", params=REMEMBERING)
def small(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Every engine that holds a bounded number of tokens in turn, with 512 of them."""
    yield from opened(request, 512)


@pytest.fixture
def small_engine(small: Subject) -> Engine:
    """Such an engine, as if just opened."""
    small.engine.forget()
    return small.engine


@pytest.fixture(params=REMEMBERING)
def fresh(request: pytest.FixtureRequest) -> Subject:
    """Such an engine, just made, which the test opens and closes itself."""
    return SUBJECTS[request.param](request, 512)
