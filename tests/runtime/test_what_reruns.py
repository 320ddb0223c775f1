"""One edit of the package each, and the stages that it makes run again: those that use what was edited,
and no others.
"""

import ast
import inspect
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

import pytest

import hyperforget
from hyperforget import config
from hyperforget.config.base import Section
from hyperforget.runtime import code_digest as module
from hyperforget.runtime.code_digest import DECLARATIONS, code_digest, imported_modules
from hyperforget.runtime.interface import module_of
from hyperforget.stages.interfaces import STAGES
from tests.stages.test_what_stages_read import sections_in

pytestmark = pytest.mark.pipeline

PACKAGE = Path(hyperforget.__file__).parent
# Those that ask networks for something, and choose among networks: among what they get, or what was retrained.
SELECTING = {"sample_unlearned", "sample_edited", "sweep_edited", "look_up_checkpoints", "evaluate"}
# And those that export what does so, or time it.
SELECTING |= {"export_generator", "measure_requests"}
REPORTING = {"build_tables", "build_figures", "build_report"}

# Parses the file each time.
DIGEST = module._module_digest.__wrapped__

Reruns = Callable[[str, str, str], set[str]]


def digests() -> dict[str, str]:
    """Those of all stages, from the files as they are now."""
    code_digest.cache_clear()
    return {name: stage.code(name) for name, stage in STAGES.items()}


@cache
def digest_of_bytes(name: str, *contents: bytes) -> tuple[str, list[str]]:
    """What a module is digested to whose file, or folder, has these contents."""
    return DIGEST(name)


def read_again(name: str) -> tuple[str, list[str]]:
    """The digest of a module as its files are now; of those that are as they were it is known."""
    path = module._path(name)
    files = sorted(path.parent.iterdir()) if path.name == "__init__.py" else [path]
    return digest_of_bytes(name, *(file.read_bytes() for file in files if file.is_file()))


@pytest.fixture(scope="module")
def reruns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reruns]:
    """``reruns(file, old, new)``: the stages whose code is another after that edit in a copy of the package.

    Without ``old`` the file ends in ``new``. Afterwards it is as it was.
    """
    copy = tmp_path_factory.mktemp("package") / "hyperforget"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROOT", copy)
        patch.setattr(module, "_module_digest", read_again)
        before = digests()

        def edited(file: str, old: str, new: str) -> set[str]:
            text = (copy / file).read_text(encoding="utf-8")
            assert not old or text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
            (copy / file).write_text(text.replace(old, new) if old else text + new, encoding="utf-8")
            try:
                return {name for name, digest in digests().items() if digest != before[name]}
            finally:
                (copy / file).write_text(text, encoding="utf-8")

        yield edited
    digests()


def test_a_line_of_the_selection_rule_reruns_what_selects(reruns: Reruns) -> None:
    old = "gap = gap.nan_to_num(nan=-torch.inf)"
    assert reruns("unlearning/selection.py", old, old.replace("-torch.inf", "0.0")) == SELECTING


def test_a_word_of_a_metrics_description_reruns_the_report(reruns: Reruns) -> None:
    assert reruns("report/glossary.py", "Share of images classified correctly", "Part of images") <= REPORTING


def test_the_order_of_what_a_model_is_told_reruns_what_uses_it(reruns: Reruns) -> None:
    edited = reruns("config/performance.py", "for label in labels]", "for label in reversed([*labels])]")
    assert {"probe_hypernet", "train_hypernet", "sample_unlearned"} <= edited
    assert not {"fetch_dataset", "train_reference", "gather_metrics"} & edited


def test_how_networks_are_measured_reruns_all_that_measures(reruns: Reruns) -> None:
    edited = reruns("metrics/measuring.py", "_NETWORKS_AT_ONCE = 256", "_NETWORKS_AT_ONCE = 128")
    assert {"collect_checkpoints", "train_reference", *SELECTING} <= edited
    assert not {"fetch_dataset", "gather_metrics", "gather_costs", *REPORTING} & edited


@pytest.mark.parametrize(
    ("file", "rerun"),
    [
        ("page/page.html", "build_report"),
        ("tables/table.html", "build_tables"),
        ("tables/table.tex", "build_tables"),
    ],
)
def test_a_template_reruns_the_stage_that_fills_it_and_no_other(reruns: Reruns, file: str, rerun: str) -> None:
    assert reruns(f"report/templates/{file}", "", "\n") == {rerun}


@pytest.mark.parametrize("file", ["networks/perceptron.py", "unlearning/selection.py", "hypernet/diffusion.py"])
def test_a_comment_reruns_nothing(reruns: Reruns, file: str) -> None:
    assert reruns(file, "", "\n# A comment.\n") == set()


@pytest.mark.parametrize(
    "file",
    [
        "store/garbage.py",
        "store/verification.py",
        "cli/planning.py",
        "config/reference.py",
        "config/check.py",
    ],
)
def test_code_that_no_stage_runs_reruns_nothing(reruns: Reruns, file: str) -> None:
    assert reruns(file, "", "\nUNUSED = 1\n") == set()


def reached() -> set[str]:
    """The modules that stages run, as digests find them."""
    pending, seen = [module_of(name) for name in STAGES], set[str]()
    while pending:
        name = pending.pop()
        if name not in seen | DECLARATIONS:
            seen.add(name)
            pending += imported_modules(name)
    return seen


def imported_names(name: str) -> Iterator[tuple[str, str]]:
    """Module and name of all that a module imports from declarations."""
    source = PACKAGE.joinpath(*name.split(".")[1:])
    path = source.with_suffix(".py") if source.with_suffix(".py").is_file() else source / "__init__.py"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in DECLARATIONS:
            yield from ((node.module, alias.name) for alias in node.names)


def behaviour(section: type[Section]) -> list[str]:
    """Methods and properties of a section, and of those behind it, other than pydantic's own and validators."""
    validators = section.__pydantic_decorators__
    checks = {*validators.model_validators, *validators.field_validators}
    return [
        f"{kind.__name__}.{name}"
        for kind in section.__mro__[: section.__mro__.index(Section)]
        for name, value in vars(kind).items()
        if (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod))
        and name not in checks
        and not name.startswith("__")
    ]


def test_stages_get_nothing_with_behaviour_from_where_digests_do_not_look() -> None:
    taken: dict[tuple[str, str], Any] = {
        (source, name): getattr(__import__(source, fromlist=[name]), name)
        for each in reached()
        for source, name in imported_names(each)
    }
    assert ("hyperforget.config.specs", "CollectionSpec") in taken
    sections = [value for value in taken.values() if isinstance(value, type) and issubclass(value, Section)]
    # What fields are annotated with is applied when a configuration is read, and so part of what stages are told.
    values = [value for value in taken.values() if get_origin(value) in (Literal, Annotated)]
    others = {name for name, value in taken.items() if value not in [*sections, *values]}
    assert others == set(), "import these from a module that digests cover"
    assert [fault for kind in sections for part in sections_in(kind) for fault in behaviour(part)] == []


def test_the_check_for_behaviour_finds_methods_and_properties() -> None:
    assert {"TaskConfig.corpus_of", "TaskConfig.collections"} <= set(behaviour(config.TaskConfig))
    assert behaviour(config.RecipeConfig) == []


def test_declarations_are_modules_of_the_configuration() -> None:
    assert all(name.startswith("hyperforget.config") and imported_modules(name) is not None for name in DECLARATIONS)
