"""``linewise bench``: a run directory that any end of the process leaves whole."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command_line import Command, wait_until
from made_up_suite import write_script, write_suite

from linewise.runs.local import draw_seed

NUMBERS = range(11, 23)
LONG = range(11, 71)


@pytest.fixture
def suite(command: Command) -> Command:
    """The command beside twelve made-up tasks and a model for them."""
    write_suite(command.folder, NUMBERS)
    write_script(command.folder, NUMBERS)
    return command


@pytest.fixture
def long_suite(command: Command) -> Command:
    """The command beside so many tasks that a run is still under way when something is done to it."""
    write_suite(command.folder, LONG)
    write_script(command.folder, LONG)
    return command


def bench(*more: str, out: str = "run") -> tuple[str, ...]:
    model = ("--model", "scripted/suite.script", "--data", "data", "--visible", "1", "--out", out)
    return ("bench", "mbpp", *model, "--strategy", "best-of-n", "-o", "best_of_n.n=3", *more)


def records(folder: Path, name: str) -> list[dict[str, Any]]:
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


def test_two_runs_in_one_directory_are_refused(long_suite: Command) -> None:
    first = long_suite.start(*bench())
    try:
        wait_until(lambda: _size(long_suite.folder / "run/samples.jsonl") > 0)
        second = long_suite(*bench())
        assert first.poll() is None, "it was to be under way"
    finally:
        first.communicate(timeout=60)
    assert second.returncode == 2
    assert "another run is writing there" in second.stderr
    assert first.returncode == 0


def test_a_run_that_nothing_has_come_of_may_become_another(suite: Command) -> None:
    assert suite(*bench("--python", "/nowhere/python")).returncode != 0
    assert (suite.folder / "run/run.json").exists()
    done = suite(*bench())
    assert done.returncode == 0, done.stderr
    refused = suite(*bench("--python", "/nowhere/python"))
    assert (refused.returncode, "give the same options to go on with it" in refused.stderr) == (2, True)


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


def test_the_summary_of_a_run_can_be_json(suite: Command) -> None:
    done = suite(*bench("--json"))
    content = json.loads(done.stdout)
    assert content == json.loads((suite.folder / "run/results.json").read_text())["summary"]


def test_best_of_n_is_matched_to_the_seconds_of_another_run(suite: Command) -> None:
    suite(*bench("--limit", "4"))
    options = ("--by", "seconds", "--limit", "4", "-o", "best_of_n.n=64")
    assert suite(*bench("--match-cost", "run", *options, out="matched")).returncode == 0
    spent = {one["task_id"]: one["cost"]["seconds"]["total"] for one in records(suite.folder / "run", "samples.jsonl")}
    found = records(suite.folder / "matched", "samples.jsonl")
    assert {one["task_id"]: one["budget"] for one in found} == spent
    assert len(found) == 4
    for one in found:
        enough = one["passed_visible"] or len(one["attempts"]) == 64
        assert enough or one["cost"]["seconds"]["total"] >= one["budget"]


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


def test_what_is_matched_costs_little_more_than_a_small_budget(suite: Command) -> None:
    """A direct answer and a sample cost the same here, and a task that none solves takes all it may."""
    write_unsolvable(suite.folder / "suite.script")
    suite(*bench("--strategy", "direct", out="direct"))
    done = suite(*bench("--match-cost", "direct", "--strategy", "best-of-n", "-o", "best_of_n.n=400", out="matched"))
    assert done.returncode == 0, done.stderr
    for sample in records(suite.folder / "matched", "samples.jsonl"):
        assert sample["reason"].startswith("none of 1 samples")
        assert sample["cost"]["computed"] == sample["budget"] > 0


def test_rounds_grow_to_four_samples_under_an_allowance(suite: Command) -> None:
    write_unsolvable(suite.folder / "suite.script")
    suite(*bench("-o", "best_of_n.n=18", "--limit", "2", out="run"))
    command = ("bench", "mbpp", "--model", "scripted/suite.script", "--data", "data", "--visible", "1", "--limit", "2")
    assert suite(*command, "--match-cost", "run", "--out", "matched").returncode == 0
    for task in ("Mbpp/11", "Mbpp/12"):
        stream = events(suite.folder / "matched", task)
        rounds = [len(event["candidates"]) for event in stream if event["type"] == "CandidatesSampled"]
        assert rounds == [1, 1, 2, 4, 4, 4, 4]


def write_unsolvable(script: Path) -> None:
    """A model that knows one answer to every task, which is wrong."""
    replies = (f'text = "def add_{n}(x):\\n    return -99\\n```"\nwhen = "add_{n}("\n' for n in NUMBERS)
    script.write_text("".join(f"[[replies]]\n{reply}" for reply in replies))


@pytest.fixture(scope="module")
def matchable(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A run with one worker, one with two, and one of a suite with the same task ids."""
    folder = tmp_path_factory.mktemp("matchable")
    write_suite(folder, range(11, 13))
    write_script(folder, range(11, 13))
    (folder / "other.script").write_text((folder / "suite.script").read_text() + "\n")
    (folder / "data/mbpp/mbpp_et_427.jsonl").write_text((folder / "data/mbpp/mbpp.jsonl").read_text())
    command = Command(folder, {"LINEWISE_HOME": str(folder / "home")})
    for arguments in (bench(), bench("--workers", "2", out="crowd"), ("bench", "mbpp-et", *bench(out="et")[2:])):
        done = command(*arguments)
        assert done.returncode == 0, done.stderr
    return command


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            ("--match-cost", "run", "--seed", "3"),
            "--match-cost run: holds no sample of Mbpp/11 with seed 3; run it there",
        ),
        (("--match-cost", "run", "--strategy", "direct"), "--match-cost run: direct costs what it costs, whatever"),
        (("--match-cost", "run", "--strategy", "eg-cfg"), "--match-cost run: eg-cfg costs what it costs, whatever"),
        (
            ("--match-cost", "run", "--workers", "2"),
            "--match-cost run: with 2 workers tasks share what the engine keeps",
        ),
        (("--match-cost", "crowd"), "--match-cost crowd: made with 2 workers, whose tasks share what the engine keeps"),
        (("--match-cost", "et"), "--match-cost et and this run: their tests differ (suite: mbpp-et and mbpp)"),
        (
            ("--match-cost", "run", "--visible", "2"),
            "--match-cost run and this run: their tests differ (visible tests of a task",
        ),
        (
            ("--match-cost", "run", "--model", "scripted/other.script"),
            "--match-cost run: a run of another model, scripted/suite.script (SHA-256 ",
        ),
        (("--match-cost", "data"), "data: no run.json there"),
        (("--unsolved-by", "et"), "--unsolved-by et and this run: their tests differ (suite: mbpp-et and mbpp)"),
    ],
)
def test_a_run_that_cannot_be_compared_is_refused_in_one_line(
    matchable: Command, more: Sequence[str], says: str
) -> None:
    assert_refused(matchable(*bench(*more, out="refused")), says)
    assert not (matchable.folder / "refused").exists()


def test_tasks_without_a_verdict_are_told_and_make_the_exit_code_1(command: Command) -> None:
    write_suite(command.folder, range(11, 14))
    fatal = '__import__(\\"os\\").kill(__import__(\\"os\\").getppid(), 9)'
    bodies = {11: "x + 11", 12: f"x + 12 if x else {fatal}", 13: "x + 13"}  # a hidden test kills the worker
    replies = (f'text = "def add_{n}(x):\\n    return {body}\\n```"\nwhen = "add_{n}("\n' for n, body in bodies.items())
    (command.folder / "suite.script").write_text("".join(f"[[replies]]\n{reply}" for reply in replies))
    for _ in range(2):  # and again, for it is graded anew
        done = command(*bench("--sandbox", "process"))
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == (
            "linewise: the sandbox broke on 1 of 3; run/grades.jsonl says why, and the same command grades them again"
        )
    assert command(*bench("--sandbox", "process", "--limit", "1")).returncode == 0
    grades = records(command.folder / "run", "grades.jsonl")
    assert [(one["task_id"], one["passed"]) for one in grades][:3] == [
        ("Mbpp/11", True),
        ("Mbpp/12", None),
        ("Mbpp/13", True),
    ]


def test_only_what_another_run_left_unsolved_is_run(suite: Command) -> None:
    suite(*bench())
    left = [
        sample["task_id"] for sample in records(suite.folder / "run", "samples.jsonl") if not sample["passed_visible"]
    ]
    assert 0 < len(left) < len(NUMBERS)
    assert suite(*bench("--unsolved-by", "run", "--seed", "1", out="rest")).returncode == 0
    assert [sample["task_id"] for sample in records(suite.folder / "rest", "samples.jsonl")] == left
    first, rest = run_json(suite.folder / "run"), run_json(suite.folder / "rest")
    assert rest["unsolved_by"] == {"run": "run", "id": first["id"]}


def guided(*more: str, out: str = "guided") -> tuple[str, ...]:
    """One candidate a line, so that some tasks exit early and others are guided."""
    model = ("--model", "scripted/suite.script", "--data", "data", "--visible", "1", "--out", out)
    options = ("-o", "guidance.num_candidates=1", "-o", "guidance.signal.max_tokens=none")
    return ("bench", "mbpp", *model, *options, *more)


def twin(*more: str, of: str = "guided", out: str = "twin") -> tuple[str, ...]:
    return ("bench", "mbpp", "--data", "data", "--twin-of", of, "--out", out, *more)


def run_json(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return found


def test_the_twin_of_a_run_is_the_same_with_gamma_0_whatever_is_set_around_it(suite: Command) -> None:
    assert suite(*bench("--limit", "3", "-o", "best_of_n.temperature=0", out="first")).returncode == 0
    options = ("--unsolved-by", "first", "--limit", "3")
    assert suite(*guided("--seed", "5", "--samples", "2", "--workers", "2", *options)).returncode == 0
    elsewhere = {"LINEWISE_MAX_TOKENS_COMPUTED": "1000", "LINEWISE_GUIDANCE__HORIZON": "7", "LINEWISE_SEED": "9"}
    (suite.folder / "linewise.toml").write_text('python = "/nowhere"\n')
    done = Command(suite.folder, {**suite.environment, **elsewhere})(*twin())
    assert done.returncode == 0, done.stderr
    first, second = run_json(suite.folder / "guided"), run_json(suite.folder / "twin")
    assert (first["settings"]["guidance"]["gamma"], second["settings"]["guidance"]["gamma"]) == (1, 0)
    assert (first["unsolved_by"]["run"], first["workers"], first["seeds"]) == ("first", 2, [5, 6])
    assert first["settings"]["max_tokens_computed"] is first["settings"]["guidance"]["signal"]["max_tokens"] is None
    second["settings"]["guidance"]["gamma"] = 1
    assert first.pop("id") != second.pop("id")
    assert first == second
    assert suite(*twin("--limit", "1")).returncode == 0, "a twin can be gone on with, in slices too"


def test_a_twin_is_the_same_run_up_to_the_first_guided_token(suite: Command) -> None:
    helped = [
        f'[[replies]]\ntext = "def add_{n}(x):\\n    return x + {n}\\n```"\nweight = 9.0\nwhen = "f add_{n}(x)"\n'
        for n in NUMBERS  # what a signal shows of a candidate, and no prompt
    ]
    script = suite.folder / "suite.script"
    script.write_text(script.read_text() + "\n".join(helped))
    assert suite(*guided("--seed", "5")).returncode == 0
    assert suite(*twin()).returncode == 0
    early = late = 0
    for sample in records(suite.folder / "guided", "samples.jsonl"):
        ours, theirs = (events(suite.folder / run, sample["task_id"]) for run in ("guided", "twin"))
        assert ours[-1]["solution"]["seed"] == theirs[-1]["solution"]["seed"] == draw_seed(str(sample["task_id"]), 5)
        both = list(zip(first_draws(ours), first_draws(theirs), strict=False))
        assert both or not sample["guided_tokens"]
        assert all(one == other for one, other in both)
        if sample["guided_tokens"]:
            late += ours != theirs
        else:
            early += 1
            assert ours == theirs
    assert min(early, late) > 0
    assert all(sample["guided_tokens"] == 0 for sample in records(suite.folder / "twin", "samples.jsonl"))


def events(run: Path, task: object) -> list[dict[str, Any]]:
    """The event stream of a task, without times and without the gamma in an agent's name."""
    (path,) = (run / "events").glob(f"{str(task).replace('/', '_')}.*.jsonl")
    return [timeless(json.loads(line)) for line in path.read_text().splitlines() if '"task"' in line]


def timeless(content: Any) -> Any:
    if isinstance(content, list):
        return [timeless(one) for one in content]
    if not isinstance(content, dict):
        return content.partition("_ln@g")[0] if isinstance(content, str) else content
    return {key: timeless(value) for key, value in content.items() if "seconds" not in key}


def first_draws(stream: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The first candidates of every attempt that has any."""
    found: list[list[str]] = []
    new = False
    for event in stream:
        new = new or event["type"] == "AttemptStarted"
        if new and event["type"] == "CandidatesSampled":
            found.append(event["candidates"])
            new = False
    return found


@pytest.mark.parametrize(
    ("more", "says"),
    [
        *(
            ((flag, value), f"{flag} beside --twin-of guided: a twin has all that the run has but its gamma")
            for flag, value in (
                ("--seed", "5"),
                ("--samples", "2"),
                ("--model", "scripted/suite.script"),
                ("--visible", "1"),
                ("--workers", "1"),
                ("-o", "guidance.gamma=2"),
                ("--match-cost", "guided"),
                ("--unsolved-by", "guided"),
                ("--max-seconds", "5"),
            )
        ),
        (("--twin-of", "nowhere"), "nowhere: no run.json there"),
        (("--twin-of", "samples"), "--twin-of samples: a run with strategy best-of-n has no guidance to be without"),
        (("--twin-of", "twin"), "--twin-of twin: a run with gamma 0 has no guidance to be without"),
        (("--data", "other"), "--twin-of guided and this run: their tests differ (checksum of the data"),
        (("--data", "less"), "--twin-of guided: its task Mbpp/11 is not in the data here"),
    ],
)
def test_what_a_twin_cannot_have_is_refused_in_one_line(twins: Command, more: Sequence[str], says: str) -> None:
    assert_refused(twins(*twin(*more, out="refused")), says)
    assert not (twins.folder / "refused").exists()


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A guided run, its twin, a run of best-of-n, and other data."""
    folder = tmp_path_factory.mktemp("twins")
    write_suite(folder, range(11, 13))
    write_script(folder, range(11, 13))
    for name, numbers in (("less", range(12, 13)), ("other", range(11, 14))):
        write_suite(folder / name, numbers)
        (folder / name / "data/mbpp").rename(folder / name / "mbpp")
    command = Command(folder, {"LINEWISE_HOME": str(folder / "home")})
    for arguments in (guided(), twin(), bench(out="samples")):
        assert command(*arguments).returncode == 0
    return command


def test_a_twin_is_of_the_same_suite_and_model(twins: Command) -> None:
    other = twins("bench", "mbpp-et", *twin(out="refused")[2:])
    assert_refused(other, "--twin-of guided: that is a run of mbpp, not mbpp-et; name that suite")
    script = twins.folder / "suite.script"
    content = script.read_text()
    script.write_text(f"{content}\n")
    try:
        assert_refused(
            twins(*twin(out="refused")), "--twin-of guided: a run of another model, scripted/suite.script (SHA"
        )
    finally:
        script.write_text(content)


def assert_refused(done: "subprocess.CompletedProcess[str]", says: str) -> None:
    assert says in done.stderr
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--slice", "5"), "--slice 5: write a:b"),
        (("--filter", "["), "--filter [: no regular expression"),
        (("--filter", "nothing"), "no task is left"),
        (("--visible", "-1"), "--visible"),
        (("--data", "nowhere"), "no benchmark data at 'nowhere'"),
        (("--match-cost", "nowhere"), "nowhere: no run.json there; give a run directory"),
        (("--unsolved-by", "nowhere"), "nowhere: no run.json there; give a run directory"),
        (("--by", "seconds"), "--by seconds: says what --match-cost matches; give --match-cost RUN as well"),
    ],
)
def test_bad_input_is_one_line(suite: Command, more: Sequence[str], says: str) -> None:
    done = suite(*bench(*more))
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (suite.folder / "run").exists()


def test_ctrl_c_ends_a_run_that_can_go_on(long_suite: Command) -> None:
    running = long_suite.start(*bench())
    wait_until(lambda: _size(long_suite.folder / "run/samples.jsonl") > 0)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert errors.rstrip().endswith("linewise: interrupted; the same command goes on with run")
    assert long_suite(*bench()).returncode == 0
    assert len(records(long_suite.folder / "run", "samples.jsonl")) == len(LONG)


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
