"""GGUF files made for tests: a vocabulary of SentencePiece, alone or with a tiny recurrent model around it."""

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np

SPACE = "\u2581"
WIDTH, INNER, STATE, STEP, KERNEL, LAYERS = 32, 64, 8, 2, 4, 2


def write_vocabulary(path: Path, words: Sequence[str]) -> None:
    """Every byte and ``words``; a space is put before texts."""
    writer = gguf.GGUFWriter(path, "llama")
    add_vocabulary(writer, words)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def add_vocabulary(writer: gguf.GGUFWriter, words: Sequence[str]) -> int:
    """Returns the number of tokens."""
    spelled = list(dict.fromkeys([*(word.replace(" ", SPACE) for word in words), SPACE]))
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *spelled]
    kinds = [gguf.TokenType.UNKNOWN, *[gguf.TokenType.CONTROL] * 2, *[gguf.TokenType.BYTE] * 256]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([float(len(token)) - 20 for token in tokens])
    writer.add_token_types([*kinds, *[gguf.TokenType.NORMAL] * len(spelled)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(True)
    return len(tokens)


def write_mamba(path: Path) -> None:
    """A recurrent model of random weights."""
    writer = gguf.GGUFWriter(path, "mamba")
    size = add_vocabulary(writer, ["def", "return"])
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_block_count(LAYERS)
    writer.add_ssm_conv_kernel(KERNEL)
    writer.add_ssm_inner_size(INNER)
    writer.add_ssm_state_size(STATE)
    writer.add_ssm_time_step_rank(STEP)
    writer.add_layer_norm_rms_eps(1e-5)
    shapes = {"token_embd.weight": (size, WIDTH), "output.weight": (size, WIDTH), "output_norm.weight": (WIDTH,)}
    for layer in range(LAYERS):
        parts = {
            "attn_norm.weight": (WIDTH,),
            "ssm_in.weight": (2 * INNER, WIDTH),
            "ssm_conv1d.weight": (INNER, KERNEL),
            "ssm_conv1d.bias": (INNER,),
            "ssm_x.weight": (STEP + 2 * STATE, INNER),
            "ssm_dt.weight": (INNER, STEP),
            "ssm_dt.bias": (INNER,),
            "ssm_a": (INNER, STATE),
            "ssm_d": (INNER,),
            "ssm_out.weight": (WIDTH, INNER),
        }
        shapes |= {f"blk.{layer}.{name}": shape for name, shape in parts.items()}
    rng = np.random.default_rng(5)
    for name, shape in shapes.items():
        values = rng.normal(size=shape).astype(np.float32) * (1 if len(shape) == 1 else 0.3)
        writer.add_tensor(name, -np.abs(values) if name.endswith("ssm_a") else values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
