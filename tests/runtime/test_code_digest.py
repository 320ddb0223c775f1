"""Digests of code: only what a stage really runs changes them."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hyperforget.runtime import code_digest as code
from hyperforget.runtime.code_digest import code_digest, imported_modules

STAGE = "hyperforget.stages.work"
FILES = {
    "__init__.py": '"""Package."""\n__version__ = "1"\n',
    "stages/__init__.py": "",
    "stages/work.py": '"""Stage."""\n'
    "import numpy as np\n"
    "from hyperforget.config import Settings\n"
    "from hyperforget.middle import double\n"
    "def main():\n"
    '    """Parse, load, call, save."""\n'
    "    import hyperforget.late\n"
    "    return double(np.ones(2)), Settings, hyperforget.late\n",
    "middle.py": "from hyperforget import deep\n\ndef double(x):\n    return deep.FACTOR * x\n",
    "deep/__init__.py": "from hyperforget.deep.numbers import FACTOR\nimport hyperforget.middle\n",
    "deep/numbers.py": "# two\nFACTOR = 2\n",
    "late.py": "class Late:\n    'Doc.'\n    async def wait(self):\n        'Doc.'\n",
    "aside.py": "from hyperforget import middle\nVALUE = 1\n",
    "note.html": "<p>of the package itself</p>",
    "stages/note.html": "<p>of none: nobody imports the package of the stages</p>",
    "deep/table.tex": "& of deep",
    "deep/other/note.html": "<p>of none: no package</p>",
    "config/__init__.py": "from hyperforget.config.sections import Settings\n",
    "config/sections.py": "from hyperforget import aside\nclass Settings: pass\n",
}

Edit = Callable[[str, str, str], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """A small package in place of ours, and how to edit one of its files."""

    def forget() -> None:
        code_digest.cache_clear()
        code._module_digest.cache_clear()

    root = tmp_path / "hyperforget"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(code, "_ROOT", root)
    forget()

    def replace(name: str, old: str, new: str) -> None:
        text = (root / name).read_text(encoding="utf-8")
        assert old in text
        (root / name).write_text(text.replace(old, new), encoding="utf-8")
        forget()

    yield replace
    forget()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("deep/numbers.py", "# two", "# the factor"),
        ("deep/numbers.py", "FACTOR = 2\n", "FACTOR = (\n    2  # two\n)\n\n\n"),
        ("middle.py", "return deep.FACTOR * x", "return  (deep.FACTOR*x)"),
        ("middle.py", "    return", '    """Twice x."""\n    return'),
        ("stages/work.py", '"""Stage."""', '"""Stage: works."""'),
        ("stages/work.py", '    """Parse, load, call, save."""\n', ""),
        ("late.py", "    'Doc.'\n    async", "    'Other.'\n    async"),
        ("late.py", "        'Doc.'", "        'Other.'"),
    ],
)
def test_comments_docstrings_and_layout_change_nothing(edit: Edit, name: str, old: str, new: str) -> None:
    before = code_digest(STAGE)
    edit(name, old, new)
    assert code_digest(STAGE) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("stages/work.py", "np.ones(2)", "np.ones(3)"),
        ("middle.py", "deep.FACTOR * x", "x * deep.FACTOR"),
        ("deep/__init__.py", "import hyperforget.middle", "import hyperforget.aside"),
        ("deep/numbers.py", "FACTOR = 2", "FACTOR = 3"),
        ("late.py", "wait", "rest"),
    ],
)
def test_an_edit_of_anything_imported_changes_the_digest(edit: Edit, name: str, old: str, new: str) -> None:
    before = code_digest(STAGE)
    edit(name, old, new)
    after = code_digest(STAGE)
    assert after != before
    edit(name, new, old)
    assert code_digest(STAGE) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("aside.py", "VALUE = 1", "VALUE = 2"),
        ("config/__init__.py", "Settings", "Settings as Settings"),
        ("config/sections.py", "pass", "key = 1"),
    ],
)
def test_the_configuration_and_code_that_a_stage_does_not_import_are_left_out(
    edit: Edit, name: str, old: str, new: str
) -> None:
    before, of_aside = code_digest(STAGE), code_digest("hyperforget.aside")
    edit(name, old, new)
    assert code_digest(STAGE) == before
    assert (code_digest("hyperforget.aside") == of_aside) == (name != "aside.py")


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("note.html", ["hyperforget"]),
        ("stages/note.html", []),
        # The stage and ``aside`` import the package ``deep``; one of its modules does not, nor does ``late``.
        ("deep/table.tex", [STAGE, "hyperforget.aside", "hyperforget.deep"]),
        ("deep/other/note.html", []),
    ],
)
def test_a_file_beside_a_package_counts_for_what_imports_the_package_itself(
    edit: Edit, name: str, changed: list[str]
) -> None:
    names = ("aside", "deep", "deep.numbers", "late")
    modules = [STAGE, "hyperforget", *(f"hyperforget.{module}" for module in names)]
    before = {module: code_digest(module) for module in modules}
    edit(name, "of", "for")
    assert [module for module in modules if code_digest(module) != before[module]] == changed


@pytest.mark.parametrize("module", ["hyperforget.nothing", "hyperforget.deep.nothing", "numpy", "middle"])
def test_a_module_outside_the_package_is_refused(edit: Edit, module: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=re.escape(repr(module))):
        code_digest(module)
    with pytest.raises(ModuleNotFoundError, match=re.escape(repr(module))):
        imported_modules(module)


def test_imports_are_told_by_module_whether_a_module_or_its_content_is_imported(edit: Edit) -> None:
    assert imported_modules(STAGE) == {"hyperforget.config", "hyperforget.middle", "hyperforget.late"}
    assert imported_modules("hyperforget.middle") == {"hyperforget.deep"}
    assert imported_modules("hyperforget.deep") == {"hyperforget.deep.numbers", "hyperforget.middle"}
    assert imported_modules("hyperforget") == set()


def test_digests_of_our_own_stages() -> None:
    names = [path.stem for path in sorted((Path(code.__file__).parents[1] / "stages").glob("[a-z]*.py"))]
    digests = {name: code_digest(f"hyperforget.stages.{name}") for name in names}
    assert len(set(digests.values())) == len(names) > 10
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in digests.values())
