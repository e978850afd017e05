"""Tiny random models of transformers with a byte-level tokenizer, saved into a folder as any model is: no download."""

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

torch.set_num_threads(1)  # On a busy machine two threads wait for each other at every step.

SPECIAL = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
UNMARKED = "<|fim_prefix|>"
"""A control token that its file does not mark as special, as those of Qwen2.5 are not."""
MERGES = (
    *(("r", "e"), ("re", "t"), ("ret", "u"), ("retu", "r"), ("retur", "n"), ("d", "e"), ("de", "f")),
    # Tokens that hold a newline and more, in front and behind.
    *(("Ġ", "Ġ"), ("ĠĠ", "ĠĠ"), (":", "Ċ"), ("Ċ", "ĠĠĠĠ"), ("Ċ", "Ċ"), ("x", "Ċ")),
)
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
COMMON = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    # Wide enough for different prefixes to have clearly different distributions.
    "initializer_range": 0.3,
    "tie_word_embeddings": False,
}


def save_tokenizer(folder: Path, *, chat: bool = True) -> int:
    """A byte-level BPE tokenizer with a few merges and four control tokens, ``UNMARKED`` last; returns its size."""
    vocabulary = {letter: at for at, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    for left, right in MERGES:
        vocabulary[left + right] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=list(MERGES)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    whole = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)
    whole.add_tokens([AddedToken(UNMARKED, special=False, normalized=False)])
    whole.chat_template = CHAT if chat else None
    whole.save_pretrained(folder)
    return len(whole)


def save_model(folder: Path, config: str = "LlamaConfig", *, chat: bool = True, **settings: Any) -> Path:
    """A random model of this configuration, by default with ``COMMON`` settings, in ``folder``; always the same one.

    Its vocabulary is padded by 4.
    """
    size = save_tokenizer(folder, chat=chat)
    ends = {"bos_token_id": size - 4, "eos_token_id": size - 3, "pad_token_id": size - 2}
    settings = {"vocab_size": size + 4, **ends, **(settings or COMMON)}
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = transformers.AutoModelForCausalLM.from_config(getattr(transformers, config)(**settings))
    _like_newlines(model, transformers.AutoTokenizer.from_pretrained(folder))
    model.eval().save_pretrained(folder)
    return folder


def _like_newlines(model: Any, tokenizer: Any) -> None:
    """Make newlines likely in many places, and the end in some: what is made at random writes no lines."""
    weights = model.get_output_embeddings().weight
    with torch.no_grad():
        for token, index in tokenizer.get_vocab().items():
            weights[index] *= 2.5 if "Ċ" in token else 1.2 if index in tokenizer.all_special_ids else 1.0


def save_stateful(folder: Path) -> Path:
    """A hybrid of short convolutions and attention, whose state cannot be cut."""
    layers = ["conv", "full_attention", "conv"]
    return save_model(folder, "Lfm2Config", **{**COMMON, "num_hidden_layers": len(layers), "layer_types": layers})
