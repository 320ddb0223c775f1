"""The templates of a table, in each language."""

from pathlib import Path

from hyperforget.report.templates import template

LATEX = template(Path(__file__).with_name("table.tex"))
LATEX_FLOAT = template(Path(__file__).with_name("float.tex"))
HTML = template(Path(__file__).with_name("table.html"))
