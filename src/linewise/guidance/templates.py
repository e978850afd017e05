"""The texts that a model reads, from the templates beside this module."""

from functools import cache

import jinja2


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("linewise.guidance", "prompts"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_template(name: str, **values: object) -> str:
    """Template ``name`` filled in, without white space at its ends."""
    return _environment().get_template(name).render(**values).strip()
