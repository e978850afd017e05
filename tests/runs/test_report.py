"""Reports: their text as it is (UPDATE_GOLDEN=1 writes it anew), and a page that needs nothing but itself."""

import os
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from run_folders import TASKS, grade, sample, solving, write_run

from linewise.errors import InputError
from linewise.runs.reading import Run, read_run
from linewise.runs.report.contents import report_on
from linewise.runs.report.pages import as_html, as_markdown, write_report

GOLDEN = Path(__file__).parent.parent / "golden" / "reports" / "report.md"
VOID = {"meta", "br", "hr", "img", "input", "link"}


def three_runs(folder: Path) -> list[Run]:
    """Runs with something of everything: a broken sandbox, a budget, another machine, an unknown cost, odd names."""
    guided = {"strategy": "eg-cfg", "guidance": {"gamma": 1.0}}
    samples = [
        sample(TASKS[0], computed=3000, guided_tokens=40, changed_tokens=4, origin="guided line"),
        sample(TASKS[1], computed=2500, guided_tokens=10, origin="early-exit candidate"),
        sample(TASKS[2], computed=9000, guided_tokens=90, changed_tokens=9, passed_visible=False, unguided=True),
        sample(TASKS[3], computed=800),
    ]
    grades = [grade(task, passed) for task, passed in zip(TASKS, (True, True, False, None), strict=True)]
    grades[2] |= {"any_passed": True, "failure": "timeout", "trust": "in-process"}
    matched = [sample(task, origin="sample", budget=2000.0, cost={}) for task in TASKS[:2]]
    paths = [
        solving(folder / "direct", dict(zip(TASKS, (False, True, False, True), strict=True))),
        write_run(folder / "guided | <b>$x$", samples, grades, settings=guided),
        write_run(
            folder / "matched",
            matched,
            [grade(TASKS[0], True), grade(TASKS[1], False)],
            settings={"strategy": "best-of-n", "best_of_n": {"n": 16}, "engine": {"threads": 2}},
            match={"run": "guided", "by": "computed"},
        ),
        solving(folder / "other suite", {"HumanEval/1": True}, suite={"name": "humaneval", "tasks": ["HumanEval/1"]}),
    ]
    return [read_run(path) for path in paths]


def test_markdown_is_as_it_was_read(tmp_path: Path) -> None:
    text = as_markdown(report_on(three_runs(tmp_path)))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_tables_of_the_markdown_are_whole(tmp_path: Path) -> None:
    lines = as_markdown(report_on(three_runs(tmp_path))).splitlines()
    tables = "\n".join(line if line.startswith("|") else "" for line in lines).split("\n\n")
    for table in filter(None, (text.strip("\n") for text in tables)):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table


class Page(HTMLParser):
    """What is looked at in a page; raises where a tag is left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return as_html(report_on(three_runs(tmp_path_factory.mktemp("runs"))))


def test_the_page_loads_nothing(page_text: str) -> None:
    page = Page(page_text)
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "image", "object"} == set()
    targets = [value for _, found in page.tags for key, value in found.items() if key in ("src", "href", "xlink:href")]
    assert targets
    assert all(target.startswith("#") for target in targets)
    assert set(re.findall(r"url\((.)", page_text)) <= {"#"}
    assert "@import" not in page_text


def test_the_page_says_what_its_figures_are_about(page_text: str) -> None:
    text = " ".join(Page(page_text).text.split())
    for words in (
        "4 of 500 tasks",
        "3 of 500 tasks (4 selected)",
        "scored on unseen tests; answers are selected by visible tests alone (--visible 1)",
        "infrastructure errors, never counted as wrong: 1",
        "guided | <b>$x$",  # as text, not as a tag
        "matched differs from direct in more than the method",
        "their tests differ (suite: mbpp and humaneval)",
        "66.7% (2 of 3, partial)",
        "scored on the tests that the column “scored on” names",
        "a filled dot was solved (with several seeds once or more)",
        "1 task decoded unguided",
        "those of guided | <b>$x$, matched, other suite are of other tasks than that of direct",
        "matched against direct: tasks with a verdict in one of them only are left out, 2 more in direct alone",
        "settings of the method in which matched differs from direct",
    ):
        assert words in text


def test_runs_of_the_same_tasks_are_not_said_to_be_of_others(tmp_path: Path) -> None:
    report = report_on([read_run(solving(tmp_path / name, dict.fromkeys(TASKS, True))) for name in ("a", "b")])
    for text in (as_markdown(report), as_html(report)):
        assert "not all of the same tasks" not in text
        assert "partial" not in text
        assert "left out" not in text


def test_a_run_on_what_another_left_unsolved_is_not_tested_against_it(tmp_path: Path) -> None:
    direct = solving(tmp_path / "direct", dict(zip(TASKS, (True, False, False, False), strict=True)))
    rest = solving(tmp_path / "paper", dict.fromkeys(TASKS[1:], True), unsolved_by="direct")
    report = report_on([read_run(direct), read_run(rest)])
    row = next(line for line in as_markdown(report).splitlines() if line.startswith("| paper | 3 | 0 | 0 | 3 | 0 |"))
    assert "| none: the tasks of paper are those whose visible tests direct failed | n/a | n/a | n/a |" in row
    page = Page(as_html(report)).text
    assert "none: the tasks of paper are those whose visible tests direct failed" in page
    assert "3 of 500 tasks (4 selected), of those whose visible tests direct failed" in page
    assert "points" not in page
    assert "Agreement" not in page


def test_tables_can_be_read_aloud(page_text: str) -> None:
    page = Page(page_text)
    names = [tag for tag, _ in page.tags]
    assert names.count("table") == names.count("caption") > 5
    assert all("scope" in found for tag, found in page.tags if tag == "th")
    assert all(found["tabindex"] == "0" for tag, found in page.tags if found.get("class") == "scroll")


def test_rows_are_as_wide_as_their_heads(page_text: str) -> None:
    for table in re.findall(r"<table>.*?</table>", page_text, re.DOTALL):
        rows = re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
        widths = {
            sum(int(span or 1) for span in re.findall(r'<t[hd](?: [^>]*?)?(?:colspan="(\d+)")?[^>]*>', row))
            for row in rows
        }
        assert len(widths) == 1, table


def test_plots_are_whole_take_the_colours_of_the_page_and_share_no_ids(page_text: str) -> None:
    plots = re.findall(r"<svg.*?</svg>", page_text, re.DOTALL)
    assert len(plots) == 3
    for plot in plots:
        ET.fromstring(plot)
        assert "var(--ink)" in plot
        assert re.search(r"#[0-9a-fA-F]{6}\b", plot) is None
        assert "<metadata" not in plot
    ids = re.findall(r'\bid="([^"]*)"', page_text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(#|href="#)([^)"]*)', page_text)) <= set(ids)


def test_the_same_runs_give_the_same_page(tmp_path: Path) -> None:
    runs = [read_run(solving(tmp_path / name, dict.fromkeys(TASKS, True))) for name in ("a", "b")]
    assert as_html(report_on(runs)) == as_html(report_on(runs))


def test_a_run_without_samples_has_a_page_too(tmp_path: Path) -> None:
    report = report_on([read_run(write_run(tmp_path / "empty"))])
    page = Page(as_html(report))
    assert "unknown: no task has a verdict" in page.text
    assert "svg" not in {tag for tag, _ in page.tags}
    assert "0 of 500 tasks (4 selected)" in as_markdown(report)


def test_a_report_goes_where_it_is_sent(tmp_path: Path) -> None:
    report = report_on([read_run(write_run(tmp_path / "empty"))])
    assert write_report(report, tmp_path / "one.md") == [tmp_path / "one.md"]
    both = write_report(report, tmp_path / "new" / "folder")
    assert [path.name for path in both if path.is_file()] == ["report.md", "report.html"]
    with pytest.raises(InputError, match=r"^--out .*x\.pdf: give a folder, or a file that ends in \.md or \.html$"):
        write_report(report, tmp_path / "x.pdf")
    with pytest.raises(InputError, match=r"^--out .*one\.md/x\.md: cannot be written"):
        write_report(report, tmp_path / "one.md" / "x.md")
