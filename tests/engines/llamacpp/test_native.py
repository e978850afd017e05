"""The llama.cpp engine's own edges: vocabularies of SentencePiece, and models that cannot be opened."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import pytest
from gguf_files import write_mamba, write_vocabulary

from linewise.engines.base import Pair, Stop
from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.engines.llamacpp.native import Vocabulary
from linewise.engines.options import LlamaCppOptions
from linewise.errors import EngineError
from linewise.meter import Meter

WORDS = (
    "def",
    "return",
    "print",
    "\n\n",
    "\n    ",
    "  ",
    "    ",
    "a",
    "b",
    "x",
    "f",
    "(",
    ")",
    ":",
    "\u2581def",
    "\u2581x",
)
TEXTS = (
    "",
    "a",
    " a",
    "def f(x):\n    return x\n",
    "\n\n\ndef f",
    "    return",
    "```python\n",
    "né → 数\t\r\n",
    ":x\n",
    "</s><s>",
)


@pytest.fixture(scope="module")
def sentencepiece(tmp_path_factory: pytest.TempPathFactory) -> Iterator[llama_cpp.llama_model_p]:
    """A model that is a vocabulary alone: single characters, a few words, every byte; a space is put before texts."""
    path = tmp_path_factory.mktemp("spm") / "vocabulary.gguf"
    letters = sorted({character for text in (*TEXTS, "abc") for character in text if character.isascii()} - set(" \n"))
    write_vocabulary(path, [*WORDS, *letters])
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    assert model
    yield model
    llama_cpp.llama_model_free(model)


def text_of(vocabulary: Vocabulary, tokens: list[int]) -> str:
    return b"".join(vocabulary.piece(token) for token in tokens).decode()


def raw(vocabulary: Vocabulary, text: str) -> list[int]:
    """What llama.cpp itself makes of a text."""
    data = text.encode()
    tokens = (llama_cpp.llama_token * 99)()
    count = llama_cpp.llama_tokenize(vocabulary._vocab, data, len(data), tokens, 99, False, False)
    return list(tokens[:count])


def test_this_vocabulary_puts_a_space_before_texts(sentencepiece: llama_cpp.llama_model_p) -> None:
    """The control of the tests below."""
    vocabulary = Vocabulary(sentencepiece)
    assert text_of(vocabulary, raw(vocabulary, "def")) == " def"


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_from_sentencepiece(sentencepiece: llama_cpp.llama_model_p, text: str) -> None:
    vocabulary = Vocabulary(sentencepiece)
    tokens = vocabulary.tokenize(text, special=False)
    assert text_of(vocabulary, tokens) == text
    assert not vocabulary.end_tokens & set(tokens)


def test_parts_of_a_prompt_join_without_spaces(sentencepiece: llama_cpp.llama_model_p) -> None:
    vocabulary = Vocabulary(sentencepiece)
    parts = [("def", True), ("a(x)", False), (" b</s>", True), ("```python\n", False)]
    tokens = [token for text, special in parts for token in vocabulary.tokenize(text, special=special)]
    assert text_of(vocabulary, tokens) == "defa(x) b</s>```python\n"
    assert tokens.count(vocabulary.eos) == 1


def test_a_template_that_cannot_be_read_leaves_no_thread(smollm2_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    content = bytearray(smollm2_path.read_bytes())
    start = content.index(b"{% for message in messages %}")
    content[start : start + 2] = b"{{"
    path.write_bytes(content)
    before = threading.active_count()
    with pytest.raises(EngineError, match="chat template cannot be read"):
        LlamaCppEngine(path, options=LlamaCppOptions(ctx=256, threads=1))
    assert threading.active_count() == before


@pytest.fixture(scope="module")
def mamba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCppEngine]:
    path = tmp_path_factory.mktemp("mamba") / "mamba.gguf"
    write_mamba(path)
    with LlamaCppEngine(path, options=LlamaCppOptions(ctx=2048, threads=1)) as engine:
        yield engine


def test_a_recurrent_model_has_few_states(mamba: LlamaCppEngine) -> None:
    assert not mamba.capabilities.rewind
    assert mamba._native.sequences == 16
    assert llama_cpp.llama_n_seq_max(mamba._native._context) == 16


def test_a_recurrent_model_answers_more_than_it_has_states(mamba: LlamaCppEngine) -> None:
    prefix = mamba.encode("def f(x):\n")
    stop = Stop(3)
    settings: dict[str, Any] = {"temperature": 1.0, "top_p": 1.0, "seed": 4}
    many = mamba.sample(prefix, n=40, stop=stop, **settings, meter=Meter())
    assert len(many) == 40
    few = mamba.sample(prefix, n=3, stop=stop, **settings, meter=Meter())
    assert [item.tokens for item in few] == [item.tokens for item in many[:3]]
    pairs = [Pair([*prefix, number], [number, *prefix]) for number in range(60, 100)]
    found = mamba.next_dists(pairs, meter=Meter())
    assert len(found) == 40
    for pair, dists in list(zip(pairs, found, strict=True))[::7]:
        mamba.forget()
        (alone,) = mamba.next_dists([pair], meter=Meter())
        for one, other in zip(dists, alone, strict=True):
            assert one is not None
            assert other is not None
            np.testing.assert_allclose(one, other, atol=1e-3)
