"""A report in the two forms that people read, from the templates beside this module."""

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from linewise.errors import InputError, MissingPartError
from linewise.runs.figures import words
from linewise.runs.figures.export import write_text
from linewise.runs.report.contents import Report

MARKDOWN, HTML = "report.md", "report.html"


def write_report(report: Report, out: Path) -> list[Path]:
    """Write ``report`` to ``out``: a file that ends in ``.md`` or ``.html``, else a folder that gets both.

    Returns what was written. Raises ``InputError`` where it cannot be, and ``MissingPartError`` where the page's plots
    need matplotlib and it is missing; the Markdown is there by then.
    """
    if out.suffix in (".md", ".html"):
        write_text(out, _form(report, out.suffix), "--out")
        return [out]
    if out.is_file() or out.suffix:
        raise InputError(f"--out {out}: give a folder, or a file that ends in .md or .html")
    paths = [out / MARKDOWN, out / HTML]
    for path in paths:
        write_text(path, _form(report, path.suffix), "--out")
    return paths


def _form(report: Report, suffix: str) -> str:
    return as_markdown(report) if suffix == ".md" else as_html(report)


def as_markdown(report: Report) -> str:
    """The report as Markdown; plots are tables there."""
    return _render("report.md.jinja", report)


def as_html(report: Report) -> str:
    """The report as one page that loads nothing. Raises ``MissingPartError`` without matplotlib."""
    try:
        from linewise.runs.report.plots import plots  # noqa: PLC0415 - an extra, and slow to load
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        mend = "pip install 'linewise[report]', or write Markdown alone with --out FILE.md"
        raise MissingPartError(f"the plots of a page need matplotlib: {mend}") from error
    made = {name: Markup(svg) for name, svg in plots(report).items()}
    return _render("report.html.jinja", report, plots=made)


def _render(name: str, report: Report, **values: object) -> str:
    text = _environment().get_template(name).render(report=report, words=words, **values)
    return text.strip() + "\n"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("linewise.runs.report", "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.jinja"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = _cell
    return environment


def _cell(text: str) -> str:
    """``text`` as part of a line of Markdown: no name may open a column, a tag or emphasis."""
    return " ".join(text.split()).translate({ord(char): f"\\{char}" for char in "\\|*_`<>[]"})
