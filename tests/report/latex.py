"""LaTeX, asked to set pages, and what it complains of."""

import re
import shutil
import subprocess
from pathlib import Path

NO_LATEX = "no LaTeX is installed here; 'apt-get install texlive-latex-base texlive-latex-recommended' brings one"
# What stands out of a page, and what does not come out as meant; a line that is too loose harms nobody.
_FAULTS = r"^(?:Overfull .*|LaTeX Warning: Float too large .*|! .*)$"
_PREAMBLE = r"\usepackage{booktabs, xcolor, amssymb}"


def find_latex() -> str | None:
    """The command of a LaTeX that is installed here."""
    return shutil.which("pdflatex")


def faults(command: str, folder: Path, body: str, document_class: str = r"\documentclass{article}") -> list[str]:
    """Lines that are too wide, floats that are too tall, and errors of a document, which is written to ``folder``."""
    (folder / "page.tex").write_text(
        f"{document_class}\n{_PREAMBLE}\n\\begin{{document}}\n{body}\n\\end{{document}}\n", encoding="utf-8"
    )
    subprocess.run([command, "-interaction=batchmode", "page.tex"], cwd=folder, capture_output=True, check=False)
    return re.findall(_FAULTS, (folder / "page.log").read_text(errors="replace"), flags=re.MULTILINE)


def measured(command: str, folder: Path, tabulars: list[str]) -> list[float]:
    """How wide LaTeX makes each of some pieces, in points."""
    boxes = (f"\\setbox0\\hbox{{{code}}}\\typeout{{width \\the\\wd0}}" for code in tabulars)
    assert not [fault for fault in faults(command, folder, "\n".join(boxes)) if fault.startswith("!")]
    return [
        float(found) for found in re.findall(r"^width ([\d.]+)pt$", (folder / "page.log").read_text(), re.MULTILINE)
    ]
