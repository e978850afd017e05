"""llama.cpp's C interface in terms of Python values: one model, one context, its memory, one batch at a time.

The only module that touches ``llama_cpp``. Not thread-safe; no policy.
"""

import ctypes
from collections.abc import Sequence
from pathlib import Path

import llama_cpp
import numpy as np

from linewise.engines.base import LogProbs
from linewise.engines.batching.prefix_store import CacheFull
from linewise.engines.batching.scheduler import Position
from linewise.engines.options import LlamaCppOptions
from linewise.engines.sampling import log_softmax
from linewise.errors import EngineError

_LEADS = ("\n", ":", "x")
"""Texts put in front where a vocabulary adds a space to the beginning of a text; their tokens are taken away again."""

_STATES = 16
"""Sequences of a recurrent or hybrid model: each has a state of its own, which takes memory also while it is unused."""


class Vocabulary:
    """Tokens and bytes of a model."""

    def __init__(self, model: llama_cpp.llama_model_p) -> None:
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self.size: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self.adds_bos = bool(llama_cpp.llama_vocab_get_add_bos(self._vocab))
        self.bos: int = llama_cpp.llama_vocab_bos(self._vocab)
        self.eos: int = llama_cpp.llama_vocab_eos(self._vocab)
        self.end_tokens = frozenset(token for token in range(self.size) if self._ends(token))
        self._pieces: dict[int, bytes] = {}
        adds_space = b"".join(self.piece(token) for token in self._encode("a", special=False)) == b" a"
        self._leads = [(lead, self._encode(lead, special=False)) for lead in _LEADS] if adds_space else []

    def _ends(self, token: int) -> bool:
        # A control token can be no part of a program, so it ends an answer as well.
        return bool(
            llama_cpp.llama_vocab_is_eog(self._vocab, token) or llama_cpp.llama_vocab_is_control(self._vocab, token)
        )

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """The tokens of ``text``, as it stands; ``special`` tells whether special tokens in it are recognised.

        A vocabulary of SentencePiece would put a space in front of every text, so these stand behind another, and what
        that is encoded as is cut off: parts of a prompt, and code that goes on, are no beginnings.
        """
        for lead, known in self._leads:
            tokens = self._encode(lead + text, special=special)
            if tokens[: len(known)] == known:
                return tokens[len(known) :]
        return self._encode(text, special=special)

    def _encode(self, text: str, *, special: bool) -> list[int]:
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 8
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, data, len(data), tokens, room, False, special)
        if count < 0:
            raise EngineError(f"the model cannot encode this text of {len(data)} bytes")
        return list(tokens[:count])

    def piece(self, token: int) -> bytes:
        """The bytes of a token, special ones by their names."""
        if token not in self._pieces:
            room = 512
            buffer = ctypes.create_string_buffer(room)
            length = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, room, 0, True)
            self._pieces[token] = buffer.raw[: max(length, 0)]
        return self._pieces[token]


class Native:
    """A loaded model with one context of ``ctx`` cells shared by ``sequences`` sequences, fewer where each has a state.

    Implements ``prefix_store.Memory`` and ``scheduler.Model``.
    """

    def __init__(self, path: Path, options: LlamaCppOptions, *, sequences: int) -> None:
        llama_cpp.llama_log_set(_SILENT, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        model_params = llama_cpp.llama_model_default_params()
        model_params.n_gpu_layers = options.gpu_layers
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), model_params)
        if not self._model:
            raise EngineError(f"{path.name} cannot be loaded as a GGUF model; `linewise models list` shows known ones")
        self.sequences = sequences = sequences if self.rewinds else min(sequences, _STATES)
        self._context = llama_cpp.llama_init_from_model(self._model, _context_params(options, sequences))
        if not self._context:
            states = "" if self.rewinds else f" and {sequences} recurrent states"
            llama_cpp.llama_model_free(self._model)
            raise EngineError(
                f"no memory for a context of {options.ctx} tokens{states}; choose a smaller one with --ctx"
            )
        self._memory = llama_cpp.llama_get_memory(self._context)
        self.vocabulary = Vocabulary(self._model)
        self.trained_context: int = llama_cpp.llama_model_n_ctx_train(self._model)
        self.max_batch: int = llama_cpp.llama_n_batch(self._context)
        self._batch = llama_cpp.llama_batch_init(self.max_batch, 0, sequences)

    def close(self) -> None:
        """Free everything; the object is of no use afterwards."""
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    @property
    def rewinds(self) -> bool:
        """Whether a part of a sequence can be taken (recurrent state cannot be cut)."""
        return not (llama_cpp.llama_model_is_recurrent(self._model) or llama_cpp.llama_model_is_hybrid(self._model))

    def chat_template(self) -> str | None:
        """The template in the model file."""
        source = llama_cpp.llama_model_chat_template(self._model, None)
        return source.decode() if source else None

    def copy(self, source: int, target: int, length: int) -> None:
        """See ``Memory``."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def cut(self, sequence: int, length: int) -> None:
        """See ``Memory``."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, length or -1, -1)  # recurrent state goes as a whole

    def compute(self, batch: Sequence[Position]) -> dict[int, LogProbs]:
        """See ``Model``; at most ``max_batch`` positions."""
        for index, entry in enumerate(batch):
            self._batch.token[index] = entry.token
            self._batch.pos[index] = entry.place
            self._batch.n_seq_id[index] = len(entry.sequences)
            for number, sequence in enumerate(entry.sequences):
                self._batch.seq_id[index][number] = sequence
            self._batch.logits[index] = entry.wanted
        self._batch.n_tokens = len(batch)
        status = llama_cpp.llama_decode(self._context, self._batch)
        if status == 1:
            raise CacheFull
        if status != 0:
            raise EngineError(f"llama.cpp failed to compute {len(batch)} tokens (status {status})")
        return {index: self._log_probs(index) for index, entry in enumerate(batch) if entry.wanted}

    def _log_probs(self, index: int) -> LogProbs:
        row = llama_cpp.llama_get_logits_ith(self._context, index)
        found = log_softmax(np.ctypeslib.as_array(row, shape=(self.vocabulary.size,)))
        found.setflags(write=False)  # callers get what the cache keeps
        return found


def requantize(source: Path, target: Path, kind: str, *, threads: int) -> None:
    """Write the model at ``source`` with its weights as ``kind``, one of ``CONVERSIONS``; raises ``EngineError``."""
    llama_cpp.llama_log_set(_SILENT, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype, params.allow_requantize, params.nthread = _FILE_TYPES[kind], True, threads
    status = llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(params))
    if status != 0:
        raise EngineError(f"{source.name} cannot be converted to {kind} (status {status})")


def _context_params(options: LlamaCppOptions, sequences: int) -> llama_cpp.llama_context_params:
    params: llama_cpp.llama_context_params = llama_cpp.llama_context_default_params()
    params.n_ctx = options.ctx
    params.n_batch = params.n_ubatch = min(options.ctx, 512)
    params.n_seq_max = sequences
    params.kv_unified = True
    params.n_threads = params.n_threads_batch = options.threads
    params.no_perf = True
    if options.gpu_layers == 0:  # on a CPU llama.cpp's flash attention is the slower one, by a third in long contexts
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    return params


_FILE_TYPES = {
    "bf16": llama_cpp.LLAMA_FTYPE_MOSTLY_BF16,
    "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
}

# llama.cpp's log would go to stderr; its failures come back as status codes. The C side keeps the pointer, so the
# callback has to live as long as the module.
_SILENT = llama_cpp.llama_log_callback(lambda level, text, data: None)
