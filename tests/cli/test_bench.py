"""``linewise bench``: a run directory that any end of the process leaves whole."""

import json
import random
import signal
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from command_line import Command, wait_until
from made_up_suite import write_script, write_suite

NUMBERS = range(11, 23)


@pytest.fixture
def suite(command: Command) -> Command:
    """The command beside twelve made-up tasks and a model for them."""
    write_suite(command.folder, NUMBERS)
    write_script(command.folder, NUMBERS)
    return command


def bench(*more: str, out: str = "run") -> tuple[str, ...]:
    model = ("--model", "scripted/suite.script", "--data", "data", "--visible", "1", "--out", out)
    return ("bench", "mbpp", *model, "--strategy", "best-of-n", "-o", "best_of_n.n=3", *more)


def records(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def results(folder: Path) -> list[str]:
    """The samples without what time measures, in an order of their own."""
    found = records(folder, "samples.jsonl")
    for sample in found:
        del sample["cost"]["seconds"]
    return sorted(json.dumps(sample, sort_keys=True) for sample in found)


def test_every_task_has_one_sample_and_one_verdict(suite: Command) -> None:
    done = suite(*bench())
    assert done.returncode == 0, done.stderr
    run = suite.folder / "run"
    names = [f"Mbpp/{number}" for number in NUMBERS]
    assert [sample["task_id"] for sample in records(run, "samples.jsonl")] == names
    grades = records(run, "grades.jsonl")
    assert [grade["task_id"] for grade in grades] == names
    assert len(list((run / "events").iterdir())) == len(names)
    verdicts = {grade["passed"] for grade in grades}
    assert verdicts == {True, False}
    for sample, grade in zip(records(run, "samples.jsonl"), grades, strict=True):
        right = sample["solution"].rstrip().endswith(f"x + {sample['task_id'].removeprefix('Mbpp/')}")
        assert grade["passed"] is right
        assert sample["cost"]["computed"] > 0
    assert done.stderr.count("\n") == len(names)


def test_tasks_are_drawn_independently_and_a_run_repeats(suite: Command) -> None:
    suite(*bench())
    suite(*bench(out="again"))
    assert results(suite.folder / "run") == results(suite.folder / "again")
    counts = {len(sample["attempts"]) for sample in records(suite.folder / "run", "samples.jsonl")}
    assert len(counts) > 1


def test_a_finished_run_is_not_run_again(suite: Command) -> None:
    suite(*bench())
    before = results(suite.folder / "run")
    done = suite(*bench())
    assert "12 of 12 are finished already" in done.stderr
    assert results(suite.folder / "run") == before
    assert len(records(suite.folder / "run", "sessions.jsonl")) == 2


def test_a_run_grows_by_tasks_but_takes_no_other_options(suite: Command) -> None:
    suite(*bench("--slice", "0:3"))
    assert suite(*bench("--slice", "3:5")).returncode == 0
    assert len(records(suite.folder / "run", "samples.jsonl")) == 5
    assert len(json.loads((suite.folder / "run/run.json").read_text())["suite"]["tasks"]) == 5
    other = suite(*bench("--seed", "4"))
    assert other.returncode == 2
    assert "holds a run with settings.seed = 0, not 4" in other.stderr


def test_two_runs_in_one_directory_are_refused(suite: Command) -> None:
    first = suite.start(*bench("--workers", "1"))
    try:
        wait_until(lambda: (suite.folder / "run/samples.jsonl").exists() or first.poll() is not None)
        second = suite(*bench())
        if first.poll() is None:
            assert second.returncode == 2
            assert "another run is writing there" in second.stderr
    finally:
        first.communicate(timeout=60)
    assert first.returncode == 0


def test_several_samples_have_seeds_of_their_own(suite: Command) -> None:
    suite(*bench("--samples", "2", "--limit", "3", "--workers", "2"))
    keys = {(sample["task_id"], sample["seed"]) for sample in records(suite.folder / "run", "samples.jsonl")}
    assert keys == {(f"Mbpp/{number}", seed) for number in (11, 12, 13) for seed in (0, 1)}


def test_samples_without_a_verdict_are_graded_and_a_cut_line_is_run_again(suite: Command) -> None:
    suite(*bench())
    run = suite.folder / "run"
    before = results(run)
    (run / "grades.jsonl").write_text("".join((run / "grades.jsonl").read_text().splitlines(keepends=True)[:5]))
    text = (run / "samples.jsonl").read_text()
    (run / "samples.jsonl").write_text(text[:-20])
    assert suite(*bench()).returncode == 0
    assert results(run) == before
    assert len({grade["task_id"] for grade in records(run, "grades.jsonl")}) == 12


def test_best_of_n_is_matched_to_the_cost_of_another_run(suite: Command) -> None:
    suite(*bench())
    done = suite(*bench("--match-cost", "run", "-o", "best_of_n.n=400", "-o", "best_of_n.round=1", out="matched"))
    assert done.returncode == 0, done.stderr
    budgets = {
        sample["task_id"]: sample["cost"]["computed"] for sample in records(suite.folder / "run", "samples.jsonl")
    }
    for sample in records(suite.folder / "matched", "samples.jsonl"):
        assert sample["budget"] == budgets[sample["task_id"]]
        if not sample["passed_visible"]:
            assert sample["cost"]["computed"] >= sample["budget"]
    missing = suite(*bench("--match-cost", "run", "--seed", "3", out="other"))
    assert missing.returncode == 2
    assert "holds no sample of Mbpp/11 with seed 3" in missing.stderr


def test_only_what_another_run_left_unsolved_is_run(suite: Command) -> None:
    suite(*bench())
    left = [
        sample["task_id"] for sample in records(suite.folder / "run", "samples.jsonl") if not sample["passed_visible"]
    ]
    assert 0 < len(left) < len(NUMBERS)
    assert suite(*bench("--unsolved-by", "run", "--seed", "1", out="rest")).returncode == 0
    assert [sample["task_id"] for sample in records(suite.folder / "rest", "samples.jsonl")] == left
    assert json.loads((suite.folder / "rest/run.json").read_text())["unsolved_by"] == "run"


def test_the_twin_of_a_run_is_the_same_with_gamma_0(suite: Command) -> None:
    guided = ("bench", "mbpp", "--model", "scripted/suite.script", "--data", "data", "--visible", "1", "--limit", "2")
    assert suite(*guided, "--seed", "5", "--out", "guided").returncode == 0
    assert suite("bench", "mbpp", "--data", "data", "--twin-of", "guided", "--out", "twin").returncode == 0
    first, second = (json.loads((suite.folder / name / "run.json").read_text()) for name in ("guided", "twin"))
    assert second["settings"]["guidance"].pop("gamma") == 0
    assert first["settings"]["guidance"].pop("gamma") != 0
    assert first == second
    assert all(sample["guided_tokens"] == 0 for sample in records(suite.folder / "twin", "samples.jsonl"))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--slice", "5"), "--slice 5: write a:b"),
        (("--filter", "["), "--filter [: no regular expression"),
        (("--filter", "nothing"), "no task is left"),
        (("--visible", "-1"), "--visible"),
        (("--data", "nowhere"), "no benchmark data at 'nowhere'"),
        (("--match-cost", "nowhere"), "holds no sample"),
        (("--twin-of", "nowhere"), "nowhere: no run.json there"),
    ],
)
def test_bad_input_is_one_line(suite: Command, more: Sequence[str], says: str) -> None:
    done = suite(*bench(*more))
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (suite.folder / "run").exists()


def test_ctrl_c_ends_a_run_that_can_go_on(suite: Command) -> None:
    running = suite.start(*bench())
    wait_until(lambda: _size(suite.folder / "run/samples.jsonl") > 0)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    if running.returncode:
        assert running.returncode == 130
        assert errors.rstrip().endswith("linewise: interrupted; the same command goes on with run")
    assert suite(*bench()).returncode == 0
    assert len(records(suite.folder / "run", "samples.jsonl")) == len(NUMBERS)


@pytest.mark.timeout(600)
def test_a_run_that_is_killed_twenty_times_has_the_samples_of_one_that_was_not(command: Command) -> None:
    numbers = range(11, 211)
    write_suite(command.folder, numbers)
    write_script(command.folder, numbers)
    chance = random.Random(7)
    assert command(*bench("--no-events", out="whole"), timeout=300).returncode == 0
    step = len(numbers) / 21
    for kill in range(1, 21):
        running = command.start(*bench("--no-events"))
        wait_until(partial(_has_lines, command.folder / "run/samples.jsonl", int(kill * step)))
        time.sleep(chance.random() * 0.2)
        assert running.poll() is None, "it was to be killed before its end"
        running.kill()
        running.communicate(timeout=60)
    assert command(*bench("--no-events"), timeout=300).returncode == 0
    assert results(command.folder / "run") == results(command.folder / "whole")
    for name in ("samples.jsonl", "grades.jsonl"):
        keys = [record["task_id"] for record in records(command.folder / "run", name)]
        assert len(keys) == len(set(keys)) == len(numbers)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _has_lines(path: Path, count: int) -> bool:
    return path.exists() and path.read_bytes().count(b"\n") >= count
