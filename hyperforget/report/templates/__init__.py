"""Templates: those of one kind of output in a folder of their own, beside the module that loads them.

An edit of one then counts as an edit of that module, and reruns no other output.
"""

from pathlib import Path

import jinja2


def template(path: Path) -> jinja2.Template:
    """The template of a file; what an HTML template shows is escaped.

    Raises `jinja2.TemplateNotFound` where there is no such file.
    """
    is_latex = path.suffix == ".tex"
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
        loader=jinja2.FileSystemLoader(path.parent),
    )
    return environment.get_template(path.name)
