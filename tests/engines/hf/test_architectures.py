"""Any causal language model: the engine, with its caches, batches and forks, against the model's own plain pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tiny_models import COMMON, save_model

from linewise.engines.base import Pair, Stop
from linewise.engines.hf import HfEngine, HfOptions
from linewise.engines.token_tree import TokenTree
from linewise.meter import Meter

WINDOW = {"sliding_window": 8}
PLAIN = {"initializer_range": 0.3}

ARCHITECTURES: dict[str, tuple[str, dict[str, Any], bool]] = {
    "rotary": ("LlamaConfig", {}, True),
    "biased projections": ("Qwen2Config", {}, True),
    "sliding window": ("MistralConfig", WINDOW, True),
    "sliding and full layers, soft caps": ("Gemma2Config", {**WINDOW, "head_dim": 16}, True),
    "learned positions": ("GPT2Config", {**PLAIN, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512}, True),
    "distances between cells": ("BloomConfig", {**PLAIN, "hidden_size": 64, "n_layer": 2, "n_head": 4}, True),
    "short convolutions": ("Lfm2Config", {"num_hidden_layers": 2, "layer_types": ["conv", "full_attention"]}, False),
    "state space": ("MambaConfig", {**PLAIN, "hidden_size": 64, "num_hidden_layers": 2, "state_size": 8}, False),
    "state space and attention": (
        "FalconH1Config",
        {"mamba_d_ssm": 64, "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8, "mamba_chunk_size": 16},
        False,
    ),
    "delta rule and attention": (
        "Qwen3NextConfig",
        {
            "layer_types": ["linear_attention", "full_attention"],
            **{"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 16},
            **{"linear_value_head_dim": 16, "num_experts": 0, "head_dim": 16, "mlp_only_layers": [0, 1]},
        },
        False,
    ),
}


def plain_pass(folder: Path, tokens: list[int]) -> np.ndarray:
    """Log-probabilities after every token, by the model without cache, batch or engine."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        logits = model(torch.tensor([tokens]), use_cache=False).logits[0]
    return np.asarray(logits.float().log_softmax(-1).numpy())


def assert_close(found: np.ndarray | None, expected: np.ndarray) -> None:
    assert found is not None
    np.testing.assert_allclose(np.exp(found), np.exp(expected), atol=2e-4)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.filterwarnings("ignore")  # advice of the library to those who write configurations
def test_the_engine_agrees_with_the_models_own_pass(name: str, tmp_path: Path) -> None:
    config, changes, rewinds = ARCHITECTURES[name]
    known = changes if set(changes) >= set(PLAIN) else {**COMMON, **changes}
    folder = save_model(tmp_path, config, **known)
    tokens = [(11 * at * at + at) % 250 for at in range(90)]
    expected = plain_pass(folder, tokens)
    options = HfOptions(ctx=2048, threads=1, chunk=16, device="cpu", dtype="float32")
    with HfEngine(f"hf/{folder}", options=options) as engine:
        assert engine.capabilities.rewind == rewinds
        ends = (60, 30, 45, 90)
        pairs = [Pair(tokens[:end], tokens[: end - 7]) for end in ends]
        for end, found in zip(ends, engine.next_dists(pairs, meter=Meter()), strict=True):
            assert_close(found.plain, expected[end - 1])
            assert_close(found.guided, expected[end - 8])
        engine.sample(tokens[:40], n=5, stop=Stop(20), temperature=1, top_p=1, seed=1, meter=Meter())
        for end in range(41, 50):
            (stepped,) = engine.next_dists([Pair(tokens[:end], None)], meter=Meter())
            assert_close(stepped.plain, expected[end - 1])
        shown: dict[int, np.ndarray] = {}
        tree = TokenTree([tokens[50:60], [*tokens[50:55], 3, 4], [9, 9]])

        def visit(node: int, dists: Any) -> list[int]:
            shown[node] = dists.guided
            return list(tree.children[node].values())

        engine.score(Pair(None, tokens[:50]), tree, visit, meter=Meter())
        for node in tree.add(tokens[50:60]):
            assert_close(shown[node], expected[49 + len(tree.path(node))])
