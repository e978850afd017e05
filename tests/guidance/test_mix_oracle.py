"""The formula of guidance against transformers' own processor (``guidance_scale``) on distributions of a model."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tiny_models import save_model
from transformers.generation.logits_process import UnbatchedClassifierFreeGuidanceLogitsProcessor

from linewise.engines.base import Pair
from linewise.engines.hf import HfEngine, HfOptions
from linewise.guidance.mix import mix
from linewise.meter import Meter

PLAIN = [[5, 9, 13, 70, 71], [40, 41, 42], [7] * 20]
SIGNAL = [90, 91, 92, 93]
GAMMAS = (0.0, 0.5, 1.5, 3.0)
NO_FLOOR = 1e-44
"""Theirs has none; this one is below whatever these distributions hold."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("llama"))


def theirs(folder: Path, plain: list[int], guided: list[int], gamma: float) -> np.ndarray:
    """Their scores: the conditional logits are ours to give, the unconditional ones they compute themselves."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        conditional = model(torch.tensor([guided])).logits[:, -1].float()
        processor = UnbatchedClassifierFreeGuidanceLogitsProcessor(
            gamma, model, unconditional_ids=torch.tensor([plain])
        )
        return np.asarray(processor(torch.tensor([guided]), conditional)[0].numpy())


def normalised(scores: np.ndarray) -> np.ndarray:
    wide = scores.astype(np.float64)
    return np.asarray(wide - np.log(np.exp(wide - wide.max()).sum()) - wide.max())


def test_mix_is_their_classifier_free_guidance(folder: Path) -> None:
    with HfEngine(f"hf/{folder}", options=HfOptions(ctx=256, threads=1, device="cpu", dtype="float32")) as engine:
        for plain in PLAIN:
            guided = [*plain, *SIGNAL]
            (dists,) = engine.next_dists([Pair(plain, guided)], meter=Meter())
            assert dists.plain is not None
            assert dists.guided is not None
            assert np.abs(dists.plain - dists.guided).max() > 1, "the contexts differ"
            for gamma in GAMMAS:
                ours = mix(dists.plain, dists.guided, gamma=gamma, floor=NO_FLOOR)
                expected = theirs(folder, plain, guided, gamma)
                assert ours.argmax() == expected.argmax()
                np.testing.assert_allclose(normalised(ours), normalised(expected), atol=1e-3)
