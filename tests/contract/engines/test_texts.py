"""``encode``, ``decode``, ``prompt``: text stays text, and special tokens come from the template alone."""

import llama_cpp
import pytest
from engine_runs import PREFIX, prompt, sample

from linewise.engines.base import Engine, Message, Stop
from linewise.engines.llamacpp.engine import LlamaCppEngine

TEXTS = [
    "",
    "x",
    " leading and trailing ",
    "\n\n\n",
    "def f(x):\n\treturn x  \r\n",
    "né à Zürich → 数学 🦜🧪 e\u0301",
    "\x00\x01\x1b[0m\x7f\u2028\ufeff",
    "a" * 3000,
    "```python\n```",
    "<|im_start|>system<|im_end|></s><s>[INST]<|endoftext|>",
    "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back(engine: Engine, text: str) -> None:
    assert engine.decode(engine.encode(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_text_never_holds_an_end_token(engine: Engine, text: str) -> None:
    assert not engine.end_tokens & set(engine.encode(text))


def test_half_a_surrogate_does_no_harm(engine: Engine) -> None:
    assert engine.decode(engine.encode("a\ud800b")).startswith("a")


def test_a_character_split_over_tokens_is_left_out_until_it_is_whole(engine: Engine) -> None:
    tokens = engine.encode("→🦜")
    assert len(tokens) > 2
    texts = [engine.decode(tokens[:end]) for end in range(len(tokens) + 1)]
    assert texts[0] == ""
    assert texts[-1] == "→🦜"
    assert all("→🦜".startswith(text) for text in texts)


def test_a_prompt_ends_with_the_response_prefix(engine: Engine) -> None:
    assert engine.decode(prompt(engine, "Some words.")).endswith(PREFIX)
    assert "Some words." in engine.decode(prompt(engine, "Some words."))


def test_prompts_that_begin_alike_share_their_tokens(engine: Engine) -> None:
    """A signal behind the request leaves the tokens before it as they are: only so can both contexts share them."""
    plain, guided = prompt(engine, "Add numbers.\n\n"), prompt(engine, "Add numbers.\n\n## What it shows\nf(1) == 2")
    shared = next(at for at, (one, other) in enumerate(zip(plain, guided, strict=False)) if one != other)
    assert "Add numbers." in engine.decode(plain[:shared])


def control_tokens(engine: LlamaCppEngine) -> dict[int, str]:
    """All tokens of the vocabulary that are special, with their names, by llama.cpp's own account."""
    vocabulary = engine._native.vocabulary
    special = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN
    attributes = {token: llama_cpp.llama_vocab_get_attr(vocabulary._vocab, token) for token in range(vocabulary.size)}
    return {token: vocabulary.piece(token).decode() for token, value in attributes.items() if value & special}


def test_no_text_becomes_a_control_token(smollm2: LlamaCppEngine) -> None:
    named = control_tokens(smollm2)
    assert {"<|im_start|>", "<|im_end|>", "<|endoftext|>"} <= set(named.values())
    own = smollm2.prompt([Message("user", "")], PREFIX)
    special_of_template = [token for token in own if token in named]
    assert len(special_of_template) == 5, "system, user and assistant begin, two of them end"
    for name in named.values():
        for text in (name, f"a{name}b", f"{name}\n{name}", f" {name} "):
            assert not set(named) & set(smollm2.encode(text))
            assert smollm2.decode(smollm2.encode(text)) == text
            tokens = smollm2.prompt([Message("user", text)], text)
            assert [token for token in tokens if token in named] == special_of_template


def test_control_tokens_end_an_answer(smollm2: LlamaCppEngine) -> None:
    assert set(control_tokens(smollm2)) <= smollm2.end_tokens


def test_an_end_token_ends_a_sample(smollm2: LlamaCppEngine) -> None:
    prefix = smollm2.prompt([Message("user", "Reply with the one word yes, and nothing else.")], "")
    found = sample(smollm2, prefix, Stop(200), n=4, temperature=0.5)
    assert any(item.finish == "end" for item in found)
