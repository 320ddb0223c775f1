"""What is installed: hashes and licences are those of the versions in constraints.txt, which has all that is needed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from envs.licences import licence_of, page

ROOT = Path(__file__).parents[1]
LOCKED = re.compile(
    r"^([\w.-]+)==(\S+)(?: ; ([^\\]+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def plain(name: str) -> str:
    """A name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {plain(name): version for name, version in pairs}


def locked() -> dict[str, tuple[str, str]]:
    """Versions and markers of the packages whose hashes are known."""
    text = (ROOT / "envs/locked.txt").read_text()
    found = {plain(name): (version, marker) for name, version, marker, _ in LOCKED.findall(text)}
    assert len(found) == len(re.findall(r"^[^\s#]", text, re.MULTILINE))
    return found


def test_hashes_are_those_of_the_versions_in_constraints() -> None:
    known = locked()
    assert {name: known[name][0] for name in constraints()} == constraints()


def test_more_than_in_constraints_is_locked_for_other_platforms_only() -> None:
    more = {name: marker for name, (_, marker) in locked().items() if name not in constraints()}
    assert {name for name, marker in more.items() if not marker} <= {"setuptools"}


def test_everything_that_is_declared_has_a_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    names = {plain(re.split(r"[\[<>=;@ ]", each)[0]) for each in declared} - {"hyperforget"}
    assert names <= set(constraints())


def test_every_package_has_its_licence_listed() -> None:
    rows = re.findall(r"^\| ([\w.-]+) \| ([\w.]+) \| (.+) \|$", (ROOT / "docs/licences.md").read_text(), re.MULTILINE)
    listed = {plain(name): version for name, version, _ in rows}
    of_some_platforms = {name for name, (_, marker) in locked().items() if marker}
    assert constraints().keys() - listed.keys() <= of_some_platforms
    assert {name: version for name, version in listed.items() if constraints().get(name, version) != version} == {}
    assert all(licence.strip() for _, _, licence in rows)


def component(*licences: dict[str, Any], name: str = "x") -> dict[str, Any]:
    return {"name": name, "version": "1.0+cpu", "licenses": list(licences)}


@pytest.mark.parametrize(
    ("licences", "told"),
    [
        ([{"expression": "MIT OR Apache-2.0"}], "MIT OR Apache-2.0"),
        ([{"license": {"id": "MIT"}}, {"license": {"name": "License :: OSI Approved :: MIT License"}}], "MIT"),
        ([{"license": {"name": "License :: OSI Approved :: BSD License"}}], "BSD License"),
        ([{"license": {"name": "Copyright of somebody\nwith many\nlines"}}], "Copyright of somebody"),
    ],
)
def test_a_licence_is_told_as_spdx_writes_it_where_it_can_be(licences: list[dict[str, Any]], told: str) -> None:
    assert licence_of(component(*licences)) == told


def test_a_package_without_a_licence_is_no_row_but_an_error() -> None:
    with pytest.raises(ValueError, match="somebodys declares no licence"):
        licence_of(component(name="somebodys"))


def test_the_page_has_a_row_for_each_package() -> None:
    mit = {"license": {"id": "MIT"}}
    text = page({"components": [component(mit, name="b"), component(mit, name="A"), component(mit, name="pip")]})
    assert text.splitlines()[-2:] == ["| A | 1.0 | MIT |", "| b | 1.0 | MIT |"]
