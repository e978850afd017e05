"""Model URIs, devices, tokenizers and what is missing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tiny_models import UNMARKED, save_model, save_tokenizer

from linewise.assemble import open_engine
from linewise.config import load_settings
from linewise.engines.base import Message, Pair
from linewise.engines.hf import HfEngine, HfOptions
from linewise.engines.hf.loading import load
from linewise.engines.hf.vocabulary import Vocabulary
from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.engines.models.by_uri import fetch, find
from linewise.engines.models.folders import ModelFolder, find_folder
from linewise.engines.options import EngineOptions
from linewise.errors import EngineError, InputError, MissingPartError
from linewise.meter import Meter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("llama"))


def test_a_folder_by_its_path(folder: Path) -> None:
    assert find_folder(f"hf/{folder}") == ModelFolder(folder, None)
    assert find(f"hf/{folder}") == fetch(f"hf/{folder}") == folder
    with open_engine(f"hf/{folder}", EngineOptions(ctx=256, threads=1)) as engine:
        assert engine.name == f"hf/{folder}"
        assert engine.capabilities.context == 256
        assert engine.next_dists([Pair(engine.encode("def"), None)], meter=Meter())[0].plain is not None


def test_gguf_files_by_folder_path_and_short_name(tmp_path: Path, smollm2_path: Path) -> None:
    (tmp_path / "a.gguf").touch()
    expected = ModelFolder(tmp_path, "a.gguf")
    assert find_folder(f"hf/{tmp_path}:a.gguf") == find_folder(f"hf/{tmp_path}/a.gguf") == expected
    assert find(f"hf/{tmp_path}:a.gguf") == tmp_path / "a.gguf"
    assert find("hf/smollm2-135m") == smollm2_path


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("{}/none", InputError, "there is no folder {}/none"),
        ("nonsense", InputError, "there is no folder nonsense and no short name nonsense"),
        ("{}:none.gguf", InputError, "there is no none.gguf in {}"),
        ("{}", InputError, "there is no config.json in {}"),
        ("some-one/some-model", MissingPartError, "run: linewise models pull hf/some-one/some-model"),
        ("some-one/some-model:q.gguf", MissingPartError, "run: linewise models pull hf/some-one/some-model:q.gguf"),
    ],
)
def test_what_is_not_there_is_one_line_with_the_mend(
    name: str, error: type[Exception], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(error) as caught:
        find_folder("hf/" + name.format(tmp_path))
    assert text.format(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_holds_no_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EngineError, match=r"^hf/.* cannot be loaded: ") as caught:
        HfEngine(f"hf/{tmp_path}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("package", "name", "text"),
    [
        ("torch", "{}", "torch is not installed; run: {} -m pip install torch"),
        ("transformers", "{}", "transformers is not installed; run: {} -m pip install 'linewise[hf]'"),
        ("gguf", "{}/a.gguf", "needs gguf, which GGUF files are read with; run: {} -m pip install 'linewise[hf]'"),
    ],
)
def test_a_missing_package_is_named_with_the_command(package: str, name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "a.gguf").touch()
    (tmp_path / "config.json").touch()
    program = f"""
import sys
sys.modules["{package}"] = None
from linewise.assemble import open_engine
from linewise.engines.options import EngineOptions
from linewise.errors import MissingPartError
try:
    open_engine("hf/{name.format(tmp_path)}", EngineOptions())
except MissingPartError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert text.format(sys.executable) in done.stdout
    assert done.stdout.count("\n") == 1


def test_options_are_those_of_section_engine(folder: Path) -> None:
    options = load_settings({"engine.ctx": 512}, ["engine.device=cpu", "engine.dtype=bfloat16"]).engine
    assert isinstance(options, HfOptions)
    with open_engine(f"hf/{folder}", options) as engine:
        assert engine.capabilities.context == 512
    with pytest.raises(InputError, match=r"engine\.device"):
        load_settings({}, ["engine.device=tpu"])


def test_a_device_that_is_not_there(folder: Path) -> None:
    with pytest.raises(MissingPartError, match=r"engine.device=cuda:7: torch finds none"):
        HfEngine(f"hf/{folder}", options=HfOptions(device="cuda:7"))


def test_a_type_that_is_too_small_for_a_model_is_named(tmp_path: Path) -> None:
    """What the model computes is beyond float16, whose largest number is 65504."""
    folder = save_model(tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        model.get_output_embeddings().weight *= 1e6
    model.save_pretrained(folder)
    options = HfOptions(ctx=256, threads=1, device="cpu", dtype="float16")
    with pytest.raises(EngineError, match=r"^in float16 .*engine\.dtype"):
        HfEngine(f"hf/{folder}", options=options)
    with HfEngine(f"hf/{folder}", options=options.model_copy(update={"dtype": "float32"})) as engine:
        assert engine.next_dists([Pair([1, 2], None)], meter=Meter())


@pytest.mark.parametrize("dtype", ["auto", "bfloat16", "float32"])
def test_the_type_of_the_weights(folder: Path, dtype: str) -> None:
    """By itself one of the two that CPUs are good at."""
    forward = load(f"hf/{folder}", HfOptions(device="cpu", threads=1, dtype=dtype)).forward
    wanted = {torch.bfloat16, torch.float32} if dtype == "auto" else {getattr(torch, dtype)}
    assert forward.dtype in wanted


def test_a_model_without_a_template_gets_the_plain_prompt(tmp_path: Path) -> None:
    save_model(tmp_path, chat=False)
    with HfEngine(f"hf/{tmp_path}", options=HfOptions(ctx=256, threads=1)) as engine:
        assert not engine.capabilities.chat_template
        tokens = engine.prompt([Message("system", "S"), Message("user", "U")], "```python\n")
        assert engine.decode(tokens) == "S\n\nU\n\n```python\n"


def test_a_control_token_that_its_file_does_not_mark_is_one(folder: Path) -> None:
    """No text becomes it, the template's own text does, and it ends an answer: as marked ones do."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    control = tokenizer.convert_tokens_to_ids(UNMARKED)
    assert control in tokenizer.encode(f"a{UNMARKED}b"), "the control: the library's own reading of it"
    vocabulary = Vocabulary(tokenizer, frozenset())
    text = f"a{UNMARKED}b <|im_end|>{UNMARKED}"
    plain, special = (vocabulary.tokenize(text, special=special) for special in (False, True))
    assert not vocabulary.end_tokens & set(plain)
    assert b"".join(map(vocabulary.piece, plain)) == b"".join(map(vocabulary.piece, special)) == text.encode()
    assert special.count(control) == 2
    assert control in vocabulary.end_tokens


def test_an_added_word_is_text(folder: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<think>", "a|>b"])
    vocabulary = Vocabulary(tokenizer, frozenset())
    words = set(tokenizer.convert_tokens_to_ids(["<think>", "a|>b"]))
    assert set(vocabulary.tokenize("<think>a|>b", special=False)) == words
    assert not vocabulary.end_tokens & words


def test_a_begin_token_is_put_where_the_tokenizer_puts_one(tmp_path: Path) -> None:
    save_model(tmp_path, chat=False)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    tokenizer.backend_tokenizer.post_processor = begins_with(tokenizer.bos_token, tokenizer.bos_token_id)
    tokenizer.save_pretrained(tmp_path)
    with HfEngine(f"hf/{tmp_path}", options=HfOptions(ctx=256, threads=1)) as engine:
        assert engine.prompt([Message("user", "U")], "")[0] == tokenizer.bos_token_id
        assert tokenizer.bos_token_id not in engine.encode("U")


def begins_with(name: str, token: int) -> object:
    from tokenizers.processors import TemplateProcessing

    return TemplateProcessing(single=f"{name} $A", special_tokens=[(name, token)])


def test_a_tokenizer_in_the_manner_of_sentencepiece(tmp_path: Path) -> None:
    """Spaces are a letter of their own, one is put in front of a text, and other bytes have names."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    save_model(tmp_path, chat=False)
    letters = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *map(chr, range(33, 127))]
    vocabulary = {letter: at for at, letter in enumerate(dict.fromkeys(letters))}
    model = models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    backend = Tokenizer(model)
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    transformers.PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="</s>").save_pretrained(tmp_path)
    with HfEngine(f"hf/{tmp_path}", options=HfOptions(ctx=256, threads=1)) as engine:
        for text in ("x", " leading", "a\n    b", "né 数 🦜", "\n", ""):
            assert engine.decode(engine.encode(text)) == text


def test_the_tokenizer_of_the_tests_is_small(tmp_path: Path) -> None:
    assert save_tokenizer(tmp_path) < 300


def test_a_gguf_file_gives_what_llama_cpp_gives(smollm2: LlamaCppEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """The same file by both engines: the same tokens, and distributions as close as 8 bits of activations allow."""
    with open_engine("hf/smollm2-135m", EngineOptions(ctx=512, threads=1, dtype="float32")) as engine:
        assert capfd.readouterr() == ("", ""), "loading is silent"
        messages = [Message("user", "Write a function that adds two numbers. <|im_end|>")]
        tokens = engine.prompt(messages, "```python\n")
        assert tokens == smollm2.prompt(messages, "```python\n")
        assert engine.encode("def f(x):\n\treturn '→ <|im_end|>'") == smollm2.encode(
            "def f(x):\n\treturn '→ <|im_end|>'"
        )
        assert {token for token in smollm2.end_tokens if token < 3} <= engine.end_tokens
        for written in ("", "def add", "def add(a, b):\n    return"):
            pair = Pair([*tokens, *engine.encode(written)], None)
            (mine,), (theirs,) = (one.next_dists([pair], meter=Meter()) for one in (engine, smollm2))
            assert mine.plain is not None
            assert theirs.plain is not None
            assert np.abs(np.exp(mine.plain) - np.exp(theirs.plain)).sum() / 2 < 0.2
