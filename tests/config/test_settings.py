"""Settings: which source wins, what presets say, and the one line that a user gets about a mistake."""

import os
from pathlib import Path

import pytest

from linewise.config import Settings, load_settings, recorded_settings
from linewise.config.settings import PRESETS
from linewise.errors import InputError
from linewise.guidance.options import GuidanceOptions
from linewise.schema import TraceStyle
from linewise.strategies.options import EgCfgOptions


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, and no settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("LINEWISE_")]:
        monkeypatch.delenv(name)
    return tmp_path


def store(text: str, name: str = "linewise.toml") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def problem(*overrides: str, **flags: object) -> str:
    with pytest.raises(InputError) as caught:
        load_settings(flags, overrides)
    return str(caught.value)


def test_every_source_wins_over_the_weaker_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    def gamma(flags: dict[str, object] | None = None, overrides: tuple[str, ...] = ()) -> float:
        return load_settings(flags, overrides).guidance.gamma

    found = [gamma()]
    store("[guidance]\ngamma = 2")
    found.append(gamma())
    monkeypatch.setenv("LINEWISE_GUIDANCE__GAMMA", "3")
    found.append(gamma())
    found.append(gamma({"guidance.gamma": 4}))
    found.append(gamma({"guidance.gamma": 4}, ("guidance.gamma=5", "guidance.gamma=6")))
    assert found == [1, 2, 3, 4, 6]


def test_sources_are_merged_key_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    store("seed = 7\n[guidance]\nhorizon = 3\n[guidance.signal]\nvalue_chars = 99")
    monkeypatch.setenv("LINEWISE_GUIDANCE__SIGNAL__VERDICTS", "false")
    settings = load_settings({"preset": "default"}, ["guidance.refresh=2", "max_seconds=1.5", "eg_cfg.attempts=9"])
    assert (settings.seed, settings.max_seconds, settings.eg_cfg.attempts) == (7, 1.5, 9)
    assert (settings.guidance.horizon, settings.guidance.refresh) == (3, 2)
    assert (settings.guidance.signal.value_chars, settings.guidance.signal.verdicts) == (99, False)
    assert settings.guidance.signal.failing_only


def test_preset_paper_is_one_agent_as_published() -> None:
    settings = load_settings({"preset": "paper"})
    assert settings.strategy == "eg-cfg"
    assert settings.eg_cfg == EgCfgOptions(direct_first=False, attempts=1)
    assert settings.guidance == GuidanceOptions()
    agent = settings.guidance
    assert (agent.num_candidates, agent.temperature, agent.horizon, agent.refresh, agent.gamma) == (3, 0.75, 2, 1, 1)
    assert (agent.prompt, agent.start, agent.max_tokens, agent.early_exit) == ("long-code", "def", 512, False)
    assert (agent.signal.trace, agent.signal.verdicts, agent.signal.partial) == (TraceStyle.FULL, False, False)


def test_preset_default_is_cheap_first() -> None:
    settings = load_settings()
    assert (settings.preset, settings.strategy) == ("default", "eg-cfg")
    assert settings.eg_cfg.direct_first
    assert settings.guidance.early_exit
    assert settings.guidance.start == "block"
    assert settings.guidance.signal.trace is TraceStyle.DELTA


@pytest.mark.parametrize("source", ["flag", "override", "environment", "file"])
def test_a_preset_can_be_chosen_anywhere(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flags, overrides = {}, []
    match source:
        case "flag":
            flags = {"preset": "paper"}
        case "override":
            overrides = ["preset=paper"]
        case "environment":
            monkeypatch.setenv("LINEWISE_PRESET", "paper")
        case "file":
            store('preset = "paper"')
    settings = load_settings(flags, overrides)
    assert (settings.preset, settings.guidance.start) == ("paper", "def")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fills_only_what_exists(name: str) -> None:
    assert isinstance(load_settings({"preset": name}), Settings)


def test_none_takes_a_limit_away() -> None:
    assert load_settings({}, ["guidance.signal.max_tokens=none"]).guidance.signal.max_tokens is None


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("guidance.gama=1", "-o guidance.gama: there is no such key; did you mean guidance.gamma?"),
        (
            "guidance.signal.trac=full",
            "-o guidance.signal.trac: there is no such key; did you mean guidance.signal.trace?",
        ),
        ("limits.cpu_second=1", "-o limits.cpu_second: there is no such key; did you mean limits.cpu_seconds?"),
        ("qqqq=1", "-o qqqq: there is no such key"),
        ("guidance.gamma=-1", "-o guidance.gamma: input should be greater than or equal to 0, not '-1'"),
        (
            "guidance.gamma=much",
            "-o guidance.gamma: input should be a valid number, unable to parse string as a number, not 'much'",
        ),
        (
            "guidance.prompt=long",
            "-o guidance.prompt: input should be 'long-code', 'few-shot' or 'brief', not 'long'",
        ),
        (
            "strategy=beam",
            "-o strategy: input should be 'direct', 'best-of-n' or 'eg-cfg', not 'beam'",
        ),
        ("preset=cheap", "-o preset: input should be 'default' or 'paper', not 'cheap'"),
        ("guidance.gamma", "-o guidance.gamma: write section.key=value, for instance guidance.gamma=1.5"),
        ("=1", "-o =1: write section.key=value, for instance guidance.gamma=1.5"),
    ],
)
def test_a_wrong_override_is_named_with_its_mend(override: str, text: str) -> None:
    assert problem(override) == text


def test_a_wrong_section_is_named() -> None:
    assert problem("seed=1", "seed.x=2") == "-o seed.x: seed is no section"
    assert problem("guidance=2").startswith("-o guidance: input should be a valid dictionary")


def test_a_wrong_flag_is_named_as_its_caller_says() -> None:
    assert problem(seed=-1) == "option seed: input should be greater than or equal to 0, not -1"
    with pytest.raises(InputError, match=r"^--gpu-layers: input should be greater than or equal to -1, not -2$"):
        load_settings({"engine.gpu_layers": -2}, place="{flag}")


def test_a_flag_is_not_blamed_for_an_override() -> None:
    assert problem("guidance.gamma=-1", seed=3).startswith("-o guidance.gamma: ")
    assert problem("guidance.gamma=1", seed=-3).startswith("option seed: ")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("LINEWISE_SEED", "x", "input should be a valid integer, unable to parse string as an integer, not 'x'"),
        ("LINEWISE_GUIDANCE__GAMMA", "-1", "input should be greater than or equal to 0, not '-1'"),
        ("LINEWISE_GUIDANCE", '{"gamma": -1}', "guidance.gamma: input should be greater than or equal to 0, not -1"),
        ("LINEWISE_GUIDANCE", "x", "no valid JSON; set a single key, such as LINEWISE_GUIDANCE__GAMMA=1.5"),
        ("LINEWISE_PRESET", "x", "input should be 'default' or 'paper', not 'x'"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store("[guidance]\ngamma = 2")
    monkeypatch.setenv(name, value)
    assert problem() == f"{name}: {text}"


def test_variables_that_are_no_settings_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_settings().model_dump()
    monkeypatch.setenv("LINEWISE_HOME", "somewhere")
    monkeypatch.setenv("LINEWISE_DEBUG", "1")
    assert load_settings().model_dump() == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LINEWISE_GUIDANCE_GAMMA", "there is no such variable; did you mean LINEWISE_GUIDANCE__GAMMA?"),
        ("linewise_sed", "there is no such variable; did you mean LINEWISE_SEED?"),
        ("LINEWISE_XYZZY", "there is no such variable"),
    ],
)
def test_a_variable_that_nothing_reads_is_named(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "2")
    assert problem() == f"{name}: {text}"


def test_the_preset_of_a_variable_is_read_whatever_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("linewise_preset", "paper")
    assert load_settings().model_dump() == load_settings({"preset": "paper"}).model_dump()
    assert load_settings().guidance.num_candidates == 3


@pytest.mark.parametrize("source", ["flag", "override", "variable", "file"])
def test_a_prompt_that_is_asked_for_is_used(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the prompts of the preset would be, and the run would say otherwise."""
    if source == "variable":
        monkeypatch.setenv("LINEWISE_GUIDANCE__PROMPT", "long-code")
    if source == "file":
        store('[guidance]\nprompt = "long-code"')
    flags = {"guidance.prompt": "long-code"} if source == "flag" else {}
    overrides = ["guidance.prompt=long-code"] if source == "override" else []
    settings = load_settings(flags, overrides)
    assert (settings.guidance.prompt, settings.eg_cfg.prompts) == ("long-code", ())
    assert load_settings(flags, [*overrides, "eg_cfg.prompts=brief"]).eg_cfg.prompts == ("brief",)
    assert settings.eg_cfg.direct_first


def test_an_option_can_be_none() -> None:
    assert load_settings().guidance.signal.max_tokens == 300
    assert load_settings(options={"guidance.signal.max_tokens": None}).guidance.signal.max_tokens is None
    with pytest.raises(InputError, match=r"^option guidance\.gamma: input should be greater"):
        load_settings(options={"guidance.gamma": -1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed = 1", "linewise.toml: sed: there is no such key; did you mean seed?"),
        ("[engine]\nctx = 1", "linewise.toml: engine.ctx: input should be greater than or equal to 256, not 1"),
        ('[limits]\ncpu_seconds = "x"', "linewise.toml: limits.cpu_seconds: input should be a valid number"),
        ("seed = ", "linewise.toml: no valid TOML: Invalid value"),
    ],
)
def test_a_wrong_file_is_named(text: str, message: str) -> None:
    store(text)
    assert problem().startswith(message)


def test_a_file_can_be_named_and_then_has_to_be_there(folder: Path) -> None:
    store("seed = 1")
    assert load_settings(file=store("seed = 2", "other.toml")).seed == 2
    for path, text in ((Path("none.toml"), "No such file or directory"), (folder, "Is a directory")):
        with pytest.raises(InputError) as caught:
            load_settings(file=path)
        assert str(caught.value) == f"{path}: cannot be read: {text}"


def test_a_file_that_is_no_text_is_named() -> None:
    Path("linewise.toml").write_bytes(b"seed = '\xff'")
    assert problem().startswith("linewise.toml: no valid TOML: ")


def test_an_interpreter_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().python is None
    store('python = "stored"')
    assert load_settings().python == "stored"
    monkeypatch.setenv("LINEWISE_PYTHON", "from the environment")
    assert load_settings().python == "from the environment"
    assert load_settings({"python": "a flag"}).python == "a flag"


def test_what_a_run_recorded_is_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    made = load_settings({"guidance.signal.max_tokens": 40, "model": "one"}, ["max_tokens_computed=none"])
    monkeypatch.setenv("LINEWISE_MAX_TOKENS_COMPUTED", "1000")
    monkeypatch.setenv("LINEWISE_GUIDANCE__HORIZON", "7")
    store('python = "/elsewhere"\n[guidance]\ngamma = 9\n')
    again = recorded_settings(made.model_dump(mode="json"), "here")
    assert again.model_dump() == made.model_dump()
    assert recorded_settings({}, "here").max_tokens_computed is None


def test_what_another_version_recorded_is_refused_in_one_line() -> None:
    with pytest.raises(InputError) as caught:
        recorded_settings({"guidance": {"delta": 1}}, "--twin-of run")
    assert str(caught.value) == (
        "--twin-of run: settings.guidance.delta: Extra inputs are not permitted; another version of linewise made it"
    )
