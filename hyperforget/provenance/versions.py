"""Versions of the results: what a tag, an entry of the log or a folder holds, and how to bring one back."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.flat_keys import flat_keys
from hyperforget.provenance.lineage import Producers
from hyperforget.store.computations import Record
from hyperforget.store.files import file_digest, replace_file
from hyperforget.store.store import Store
from hyperforget.store.tags import checkout, expect_room, read_tag
from hyperforget.store.versions import list_results, logged, read_log, read_version, snapshot

_REPORT = "report.html"


@dataclass(frozen=True)
class Results:
    """A version of the results: a name to call it by, and the SHA-256 of each file by its path."""

    name: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class KeyChange:
    """A key of a configuration with its old and new value (JSON); None where it is absent."""

    key: str
    old: Any
    new: Any


@dataclass(frozen=True)
class CheckedOut:
    """What a checkout did: the version, how many files it wrote and left alone, the entry of the log that keeps what
    was there before (None if nothing had to be kept), and the keys in which the two configurations differ.
    """

    version: str
    version_id: str
    files: int
    others: int
    before: int | None
    config: tuple[KeyChange, ...]


def version_id(store: Store, name: str) -> str:
    """The id of the version that a tag, or else the number of an entry of the log, names.

    Raises `UserError` if there is neither.
    """
    try:
        return read_tag(store, name).version_id
    except UserError:
        if name.isdecimal():
            for entry in read_log(store):
                if entry.number == int(name):
                    return entry.version_id
        raise


def kept_results(store: Store, name: str) -> Results:
    """The results that a tag or the number of an entry of the log names."""
    version = read_version(store, version_id(store, name))
    return Results(name, {file.path: file.sha256 for file in version.files})


def working_results(store: Store, results: Path) -> Results:
    """The results as they lie in a folder now."""
    files = {path: file_digest(results / path) for path in list_results(store, results)}
    return Results("the present results", files)


def configuration(producers: Producers, version: Results) -> dict[str, Any] | None:
    """The whole configuration of a version, as the computation of its report has it, None without one."""
    if _REPORT not in version.files:
        return None
    made = producers.of(_REPORT, version.files[_REPORT])
    return configuration_in(made[-1]) if made else None


def configuration_in(record: Record) -> dict[str, Any] | None:
    """The whole configuration that the computation of a report was told, None if it was told none."""
    spec = record.computation.spec
    config = spec.get("config") if isinstance(spec, Mapping) else None
    return dict(config) if isinstance(config, Mapping) else None


def key_changes(old: Any, new: Any) -> Iterator[KeyChange]:
    """The keys, dotted, in which two JSON values differ."""
    before, after = flat_keys(old), flat_keys(new)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield KeyChange(key, before.get(key), after.get(key))


def value_text(value: Any) -> str:
    """A value of a configuration as it may be written there."""
    return "absent" if value is None else value if isinstance(value, str) else json.dumps(value)


def check_out(store: Store, results: Path, name: str, config: Path | None = None) -> CheckedOut:
    """Bring a version back into ``results``, after keeping what it replaces; other files stay.

    ``config`` is where to write the version's configuration, YAML. Raises `UserError` for an unknown version or one
    whose configuration is not known but wanted, and `MissingObjectError` or `CorruptObjectError` where the store does
    not hold it intact; nothing is written then.
    """
    wanted = kept_results(store, name)
    settings = configuration(Producers(store), wanted)
    if config is not None and settings is None:
        raise UserError(f"the configuration of {name} is not known: it has no report that a computation made")
    expect_room(store, read_version(store, version_id(store, name)), results)
    present = working_results(store, results) if results.is_dir() else Results("", {})
    before = _keep(store, results, name) if present.files and present.files != wanted.files else None
    earlier = configuration(Producers(store), present)
    version = checkout(store, version_id(store, name), results)
    if config is not None:
        write_config(config, settings or {})
    others = len(present.files.keys() - wanted.files.keys())
    changes = () if earlier is None or settings is None else tuple(key_changes(earlier, settings))
    return CheckedOut(name, version.id, len(version.files), others, before, changes)


def write_config(path: Path, config: Mapping[str, Any]) -> None:
    """Write a configuration as YAML; the same content, the same bytes."""
    import yaml

    replace_file(path, yaml.safe_dump(dict(config), allow_unicode=True).encode())


def as_text(done: CheckedOut) -> str:
    """What a checkout did, in sentences."""
    lines = [f"{done.version}: {done.files} files are back as they were; {done.others} others stay"]
    if done.before is not None:
        lines.append(f"the results until now are kept: 'hyperforget store checkout {done.before}'")
    if done.config:
        lines.append("they were made with another configuration; run the workflow with theirs, see --config")
        lines += [f"  {each.key}: {value_text(each.old)} → {value_text(each.new)}" for each in done.config]
    return "\n".join(lines)


def _keep(store: Store, results: Path, name: str) -> int:
    """The number of the entry of the log that holds the present results, made if there is none."""
    version = snapshot(store, results)
    return logged(store, version.id, f"before checkout of {name}").number
