"""The template of the page."""

from pathlib import Path

from hyperforget.report.templates import template

PAGE = template(Path(__file__).with_name("page.html"))
