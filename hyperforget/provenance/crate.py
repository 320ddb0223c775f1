"""A run as an RO-Crate, to be deposited: the results with what made them, readable without this package.

The crate follows RO-Crate 1.1 with the profiles Process Run Crate 0.5, Workflow Run Crate 0.5 and Workflow RO-Crate
1.0. Its root is the folder of the results.
"""

import mimetypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Any

from hyperforget.errors import UserError
from hyperforget.provenance.lineage import Lineage, Node, Step, lineage
from hyperforget.provenance.receipts import in_words, receipts_in
from hyperforget.provenance.versions import configuration_in, write_config
from hyperforget.store.canonical import canonical_json, digest, readable_json
from hyperforget.store.files import file_digest, replace_file
from hyperforget.store.paths import place_in
from hyperforget.store.store import Store

METADATA = "ro-crate-metadata.json"
SOURCE = "source"
LICENSE = "https://spdx.org/licenses/MIT"

_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
# RO-Crate 1.1 itself has no word for a digest; this is the one of the Workflow Run profiles.
_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
_INCLUDE = re.compile(r"""^\s*include:\s*(["'])(.+?)\1""", re.MULTILINE)
_MEDIA_TYPES = {".safetensors": "application/octet-stream", ".smk": "text/plain", ".yaml": "application/yaml"}


@dataclass(frozen=True)
class _Draft:
    """A crate being written, where store and results lie, and its data entities by path below these."""

    crate: Any
    store: Store
    results: Path
    entities: dict[str, Any]


def write_crate(store: Store, results: Path, workflow: Path, license_url: str = LICENSE) -> Path:
    """Describe the run behind ``results/report.html`` in ``results/ro-crate-metadata.json``; gives that path.

    Every run of a stage in the lineage of the report becomes an action with the stage as its instrument, what it read
    (files, and its slice of the configuration) as objects and what it wrote as results. The ``workflow`` file with
    those that it includes, and the configuration, are copied to ``results/source``.

    Raises `UserError` if rocrate is not installed, if a file of the lineage is not among the results as it was made, or
    if the workflow file names no workflow language; and as `lineage` does.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ModuleNotFoundError:
        raise UserError("rocrate is not installed; install it with 'pip install rocrate'") from None
    found = lineage(store, results / "report.html")
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms.update(_TERMS)
    draft = _Draft(crate, store, results, {})
    main = _add_workflow(draft, workflow)
    config = _add_config(draft, found)
    report = _add_file(draft, found.target)
    actions = [_add_action(draft, step) for step in found.steps.values()]
    start = min(_times(step)[0] for step in found.steps.values())
    end = max(_times(step)[1] for step in found.steps.values())
    shown = [_add_file(draft, node) for node in found.steps[found.made_by[found.target]].inputs]
    properties = {
        "name": f"Run of {workflow.name}",
        "description": f"The run of the workflow that made the report, in {len(actions)} runs of stages",
    }
    run = crate.add_action(main, "#run", result=[report, *shown], properties=properties | _period(start, end))
    _set(run, "object", [] if config is None else [config])
    _add_parameters(draft, main, config, report)
    for receipt, told in receipts_in(results, store.root):
        _add_data(draft, receipt)["description"] = in_words(told)
    _describe_root(draft, end, [run, *actions], license_url)
    path = results / METADATA
    replace_file(path, readable_json(crate.metadata.generate()))
    return path


def included_files(workflow: Path) -> list[Path]:
    """A workflow file and those that it includes, directly or not, each once."""
    found, pending = [], [workflow]
    while pending:
        path = pending.pop(0)
        if path in found:
            continue
        if not path.is_file():
            raise UserError(f"workflow file {path} does not exist; name it with --workflow")
        found.append(path)
        pending += [path.parent / name for _, name in _INCLUDE.findall(path.read_text(encoding="utf-8"))]
    return found


def _describe_root(draft: _Draft, end: datetime, actions: list[Any], license_url: str) -> None:
    root = draft.crate.root_dataset
    root["name"] = "Results of learning to forget with diffusion hypernetworks"
    root["description"] = (
        "Checkpoints, hypernetworks, unlearned networks, metrics, tables and figures of one run, "
        "with the stages, settings and data that made each of them"
    )
    root["datePublished"] = end.isoformat(timespec="milliseconds")
    root["license"] = _add(draft, license_url, "CreativeWork", name=PurePath(license_url).name)
    root["conformsTo"] = [
        _add(draft, url, "CreativeWork", name=name, version=version) for url, (name, version) in _PROFILES.items()
    ]
    root["mentions"] = actions


def _add_workflow(draft: _Draft, workflow: Path) -> Any:
    from rocrate.model.computerlanguage import LANG_MAP

    paths = included_files(workflow)
    text = "".join(path.read_text(encoding="utf-8") for path in paths).lower()
    language = max(sorted(LANG_MAP), key=text.count)
    if language not in text:
        raise UserError(f"{workflow} names no workflow language of which crates know; known are {', '.join(LANG_MAP)}")
    first, *others = _copy(paths, workflow, draft.results / SOURCE)
    place = first.relative_to(draft.results).as_posix()
    version = digest([file_digest(path) for path in paths])[:16]
    properties = _properties(first) | {"version": version}
    main = draft.crate.add_workflow(first, place, main=True, lang=language, properties=properties)
    _set(main, "hasPart", [_add_data(draft, path) for path in others])
    return main


def _copy(paths: Iterable[Path], workflow: Path, folder: Path) -> Iterator[Path]:
    for path in paths:
        try:
            relative = path.resolve().relative_to(workflow.parent.resolve())
        except ValueError:
            raise UserError(f"{path} lies outside the folder of {workflow}, which includes it") from None
        replace_file(folder / relative, path.read_bytes())
        yield folder / relative


def _add_config(draft: _Draft, found: Lineage) -> Any:
    config = configuration_in(found.steps[found.made_by[found.target]].record)
    if config is None:
        return None
    path = draft.results / SOURCE / "config.yaml"
    write_config(path, config)
    return _add_data(draft, path)


def _add_parameters(draft: _Draft, main: Any, config: Any, report: Any) -> None:
    for kind, name, entity in (("input", "config", config), ("output", "report", report)):
        if entity is not None:
            parameter = _add(draft, f"#{name}", "FormalParameter", name=name, additionalType="File")
            parameter["workExample"] = entity
            entity["exampleOfWork"] = parameter
            main[kind] = parameter


def _add_action(draft: _Draft, step: Step) -> Any:
    computation = step.record.computation
    settings = _add(
        draft,
        f"#settings-{digest(computation.spec)[:16]}",
        "PropertyValue",
        name="settings",
        value=canonical_json(computation.spec).decode(),
    )
    arguments = " ".join(f"{name}={value}" for name, value in computation.arguments.items())
    properties = {
        "name": f"{computation.stage} {arguments}".strip(),
        "description": f"Run of stage {computation.stage} with {arguments or 'no arguments'}",
    }
    action = draft.crate.add_action(
        _add_stage(draft, step), f"#{computation.id}", properties=properties | _period(*_times(step))
    )
    _set(action, "object", [*(_add_file(draft, node) for node in step.inputs), settings])
    _set(action, "result", list(_add_results(draft, step)))
    return action


def _add_stage(draft: _Draft, step: Step) -> Any:
    """The stage as an application, with the versions of what it ran on as its requirements."""
    computation = step.record.computation
    versions = dict(step.record.provenance.get("versions", {}))
    own = versions.pop("hyperforget", "")
    stage = _add(
        draft,
        f"#{computation.stage}-{computation.code}-{digest(versions)[:8]}",
        "SoftwareApplication",
        name=f"hyperforget.stages.{computation.stage}",
        softwareVersion=f"{own} code {computation.code}".strip(),
    )
    packages = [
        _add(draft, f"#{name}-{version}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, version in versions.items()
    ]
    _set(stage, "softwareRequirements", packages)
    return stage


def _add_results(draft: _Draft, step: Step) -> Iterator[Any]:
    """Entities of the files that a stage wrote, as far as they are still there, and of their objects."""
    for node in step.outputs:
        if _place(draft.results, node) is None:
            continue
        yield _add_file(draft, node)
        if node.object_id is not None:
            yield from _add_object(draft, node)


def _add_object(draft: _Draft, node: Node) -> Iterator[Any]:
    """The object that a token names, if it is part of the crate because the store lies among the results."""
    results = draft.results.resolve()
    folder = draft.store.object_folder(str(node.object_id)).resolve()
    if folder.is_dir() and folder.is_relative_to(results):
        place = folder.relative_to(results).as_posix()
        if place not in draft.entities:
            properties = {"name": f"{node.kind} object", "identifier": node.object_id}
            draft.entities[place] = draft.crate.add_dataset(folder, f"{place}/", properties=properties)
        yield draft.entities[place]


def _add_file(draft: _Draft, node: Node) -> Any:
    place = _place(draft.results, node)
    if place is None:
        raise UserError(
            f"{node.path} is part of the lineage of the report, but not among the results as it was made; "
            "run the workflow again before describing it"
        )
    if place not in draft.entities:
        entity = _add_data(draft, draft.results / place)
        if node.object_id is not None:
            entity["description"] = f"names {node.kind} object {node.object_id}"
    return draft.entities[place]


def _add_data(draft: _Draft, path: Path) -> Any:
    place = path.relative_to(draft.results).as_posix()
    draft.entities[place] = draft.crate.add_file(path, place, properties=_properties(path))
    return draft.entities[place]


def _properties(path: Path) -> dict[str, Any]:
    media_type = _MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    return {
        "name": path.name,
        "contentSize": str(path.stat().st_size),
        "encodingFormat": media_type,
        "sha256": file_digest(path),
    }


def _add(draft: _Draft, identifier: str, type_: str, **properties: Any) -> Any:
    from rocrate.model.contextentity import ContextEntity

    known = draft.crate.get(identifier)
    if known is not None:
        return known
    return draft.crate.add(ContextEntity(draft.crate, identifier, {"@type": type_, **properties}))


def _set(entity: Any, name: str, values: list[Any]) -> None:
    """Set a property as RO-Crate wants it: one value as itself, several as a list, none not at all."""
    if values:
        entity[name] = values[0] if len(values) == 1 else values


def _place(results: Path, node: Node) -> str | None:
    """Where below the results a file of a lineage lies with the content that it had; None if nowhere."""
    path = PurePath(node.path)
    parts = path.relative_to(path.anchor).parts
    for start in range(len(parts)):
        place = "/".join(parts[start:])
        try:
            present = place_in(results, place)
        except ValueError:
            continue
        if present.is_file() and file_digest(present) == node.sha256:
            return place
    return None


def _times(step: Step) -> tuple[datetime, datetime]:
    start = datetime.fromisoformat(str(step.record.provenance["time"]))
    return start, start + timedelta(seconds=float(step.record.provenance.get("seconds", 0)))


def _period(start: datetime, end: datetime) -> dict[str, str]:
    return {"startTime": start.isoformat(), "endTime": end.isoformat(timespec="milliseconds")}
