"""The templates of the page and of its tables."""

from functools import cache
from pathlib import Path

import jinja2

_FOLDER = Path(__file__).parent / "templates"


@cache
def template(name: str) -> jinja2.Template:
    """A template of this package; what an HTML template shows is escaped.

    Raises `jinja2.TemplateNotFound` for any other name.
    """
    is_latex = name.endswith(".tex")
    # Braces are LaTeX' own.
    opening, closing = "<>" if is_latex else "{}"
    environment = jinja2.Environment(
        block_start_string=f"{opening}%",
        block_end_string=f"%{closing}",
        variable_start_string=opening * 2,
        variable_end_string=closing * 2,
        comment_start_string=f"{opening}#",
        comment_end_string=f"#{closing}",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=not is_latex,
        loader=jinja2.FileSystemLoader(_FOLDER),
    )
    return environment.get_template(name)
