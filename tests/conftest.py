"""What all tests share: the real test model, and engines and sandboxes that are expensive to start."""

import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.engines.models.files import resolve
from linewise.engines.options import LlamaCppOptions
from linewise.errors import MissingPartError

hypothesis.settings.register_profile("busy", deadline=None)  # a test asserts nothing about speed
hypothesis.settings.load_profile("busy")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So a shell starts jobs in the background, and the commands that these tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def smollm2_path() -> Path:
    """The file of the test model; where it is missing the test fails and says what to run."""
    missing = ""
    try:
        return resolve("smollm2-135m")
    except MissingPartError as error:
        missing = str(error)
    pytest.fail(missing, pytrace=False)  # outside the handler, so that this line is all that is printed


@pytest.fixture(scope="session")
def smollm2(smollm2_path: Path) -> Iterator[LlamaCppEngine]:
    """The test model on one thread: on a busy machine two threads wait for each other at every step."""
    options = LlamaCppOptions(ctx=4096, threads=1)
    with LlamaCppEngine(smollm2_path, name="smollm2-135m", options=options) as engine:
        yield engine
