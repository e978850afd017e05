"""``linewise options``: what can be set, as it is set."""

import json

import pytest
from command_line import Command

from linewise.config import every_setting, load_settings


def rows(command: Command, *arguments: str) -> dict[str, str]:
    """Key and value of each line."""
    done = command("options", *arguments)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["option", "value", "meaning"]
    return dict(line.split()[:2] for line in lines)


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_what_is_listed_can_be_given_back(command: Command, preset: str) -> None:
    found = rows(command, "--preset", preset)
    settings = load_settings({"preset": preset})
    assert [*found] == [one.key for one in every_setting(settings)]
    given = [f"{key}={'' if value == chr(34) * 2 else value}" for key, value in found.items()]
    assert load_settings(overrides=given).model_dump() == settings.model_dump()


def test_every_option_says_what_it_means(command: Command) -> None:
    assert all(one.meaning for one in every_setting(load_settings()))
    assert "  s: continuations sampled per line\n" in command("options").stdout


def test_values_are_those_in_force_here(command: Command) -> None:
    (command.folder / "linewise.toml").write_text("[guidance]\ngamma = 2.5\n")
    assert rows(command, "gamma") == {"guidance.gamma": "2.5"}
    (command.folder / "other.toml").write_text('preset = "paper"\n')
    found = json.loads(command("options", "signal", "--json", "--config", "other.toml").stdout)
    assert found["guidance.signal.trace"] == "full"
    assert found["guidance.signal.max_tokens"] is None


def test_a_text_that_no_key_holds_is_named(command: Command) -> None:
    done = command("options", "gama")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "linewise: gama: no option's key holds that; `linewise options` lists all\n"
