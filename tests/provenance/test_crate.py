"""The crate against the MUSTs of its profiles, and against roc-validator where that is installed.

The validator fetches the JSON-LD context of RO-Crate 1.1 from the network. Here it is served from the copy of the
context of RO-Crate 1.3 that comes with rocrate: for words of this crate they differ in four IRIs only.
"""

import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from hyperforget.errors import UserError
from hyperforget.provenance.crate import write_crate
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store
from tests.provenance.recorded_run import VERSIONS, RecordedRun, make_run

rocrate = pytest.importorskip("rocrate")

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
IRIS_OF_1_1 = {
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}
WORKFLOW = '# for snakemake\ninclude: "workflow/rules/data.smk"\n\n\nrule all:\n    input:\n        "x",\n'


def write(run: RecordedRun) -> Path:
    workflow = run.folder / "Snakefile"
    (run.folder / "workflow/rules").mkdir(parents=True, exist_ok=True)
    workflow.write_text(WORKFLOW)
    (run.folder / "workflow/rules/data.smk").write_text("rule fetch_dataset:\n    output: 'x'\n")
    return write_crate(run.store, run.results, workflow)


def entities(path: Path) -> dict[str, dict[str, Any]]:
    return {entity["@id"]: entity for entity in json.loads(path.read_bytes())["@graph"]}


def listed(value: Any) -> list[str]:
    """The ids that a property refers to."""
    return [each["@id"] for each in (value if isinstance(value, list) else [value])]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    run = make_run(tmp_path_factory.mktemp("run"))
    write(run)
    return run


@pytest.fixture
def graph(run: RecordedRun) -> dict[str, dict[str, Any]]:
    return entities(run.results / "ro-crate-metadata.json")


def context_of_1_1() -> dict[str, Any]:
    shipped = Path(rocrate.__file__).parent / "data/ro-crate.jsonld"
    context: dict[str, Any] = json.loads(shipped.read_bytes())
    assert IRIS_OF_1_1.keys() <= context["@context"].keys()
    context["@context"] |= IRIS_OF_1_1
    return context


def test_the_descriptor_and_the_root_are_those_of_ro_crate_1_1(graph: dict[str, dict[str, Any]]) -> None:
    descriptor, root = graph["ro-crate-metadata.json"], graph["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["about"] == {"@id": "./"}
    assert "https://w3id.org/ro/crate/1.1" in listed(descriptor["conformsTo"])
    assert root["@type"] == "Dataset"
    for name in ("name", "description", "datePublished", "license"):
        assert root[name]
    assert graph[root["license"]["@id"]]["@type"] == "CreativeWork"


def test_the_profiles_are_declared_as_works(graph: dict[str, dict[str, Any]]) -> None:
    assert listed(graph["./"]["conformsTo"]) == [
        "https://w3id.org/ro/wfrun/process/0.5",
        "https://w3id.org/ro/wfrun/workflow/0.5",
        "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    ]
    for profile in listed(graph["./"]["conformsTo"]):
        assert graph[profile]["@type"] == "CreativeWork"
        assert profile.endswith(graph[profile]["version"])


def test_every_reference_leads_to_an_entity(graph: dict[str, dict[str, Any]]) -> None:
    known = graph.keys() | {"https://w3id.org/ro/crate/1.1"}

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            assert value.keys() == {"@id"}, "nested entities are not flat"
            return [value["@id"]]
        return [each for item in value for each in references(item)] if isinstance(value, list) else []

    for name, entity in graph.items():
        for key, value in entity.items():
            # A language has addresses, not entities, for what identifies it.
            if name.startswith("https://w3id.org/workflowhub/workflow-ro-crate#"):
                continue
            assert set(references(value)) <= known, (name, key)


def test_every_file_is_there_as_described(run: RecordedRun, graph: dict[str, dict[str, Any]]) -> None:
    files = {name: entity for name, entity in graph.items() if "File" in entity["@type"]}
    assert files.keys() >= {
        "report.html",
        "metrics.csv",
        "tables/toy.tex",
        "toy/dataset.json",
        "toy/model/forget-2.safetensors",
        "source/Snakefile",
        "source/workflow/rules/data.smk",
        "source/config.yaml",
    }
    for name, entity in files.items():
        assert file_digest(run.results / name) == entity["sha256"]
        assert (run.results / name).stat().st_size == int(entity["contentSize"])
    parts = set(listed(graph["./"]["hasPart"]))
    assert files.keys() <= parts | set(listed(graph["source/Snakefile"]["hasPart"]))
    objects = {name for name, entity in graph.items() if entity["@type"] == "Dataset"} - {"./"}
    assert objects <= parts
    assert {graph[name]["identifier"] for name in objects} == set(run.objects.values())
    assert all((run.results / name).is_dir() for name in objects)


def test_the_workflow_is_the_main_entity(run: RecordedRun, graph: dict[str, dict[str, Any]]) -> None:
    assert graph["./"]["mainEntity"] == {"@id": "source/Snakefile"}
    main = graph["source/Snakefile"]
    assert set(main["@type"]) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert graph[main["programmingLanguage"]["@id"]]["@type"] == "ComputerLanguage"
    assert (run.results / "source/Snakefile").read_text() == WORKFLOW
    for kind, name, value in (
        ("input", "#config", "source/config.yaml"),
        ("output", "#report", "report.html"),
    ):
        assert main[kind] == {"@id": name}
        assert graph[name]["@type"] == "FormalParameter"
        assert graph[name]["additionalType"] == "File"
        assert graph[name]["workExample"] == {"@id": value}
        assert graph[value]["exampleOfWork"] == {"@id": name}


def test_every_run_of_a_stage_is_an_action(graph: dict[str, dict[str, Any]]) -> None:
    actions = [entity for entity in graph.values() if entity["@type"] == "CreateAction"]
    assert len(actions) == 9 + 1
    assert set(listed(graph["./"]["mentions"])) == {action["@id"] for action in actions}
    for action in actions:
        tool = graph[action["instrument"]["@id"]]
        assert "SoftwareApplication" in tool["@type"] or "ComputationalWorkflow" in tool["@type"]
        assert action["name"]
        assert action["description"]
        assert "agent" not in action
        assert action["startTime"] < action["endTime"]
    (sampling,) = (action for action in actions if action["name"] == "sample_unlearned forget=2 task=toy")
    assert sampling["startTime"] == "2026-01-02T03:09:05+00:00"
    assert sampling["endTime"] == "2026-01-02T03:09:06.500+00:00"
    inputs, results = listed(sampling["object"]), listed(sampling["result"])
    assert inputs[:2] == ["toy/corpus.json", "toy/dataset.json"]
    assert json.loads(graph[inputs[2]]["value"]) == {"sampling": {"steps": 10}, "seed": 0}
    assert results[0] == "toy/model/forget-2.safetensors"
    assert results[1] == "toy/model/forget-2.json"
    assert graph[results[2]]["name"] == "networks object"
    tool = graph[sampling["instrument"]["@id"]]
    assert tool["softwareVersion"] == "0.1.0 code aaaaaaaaaaaaaaaa"
    required = {graph[each]["name"]: graph[each]["softwareVersion"] for each in listed(tool["softwareRequirements"])}
    assert required == {name: version for name, version in VERSIONS.items() if name != "hyperforget"}


def test_the_whole_run_is_an_action_of_the_workflow(graph: dict[str, dict[str, Any]]) -> None:
    assert graph["#run"]["instrument"] == graph["./"]["mainEntity"]
    assert listed(graph["#run"]["object"]) == ["source/config.yaml"]
    assert listed(graph["#run"]["result"])[:2] == ["report.html", "metrics.csv"]
    assert graph["#run"]["endTime"] == graph["./"]["datePublished"] == "2026-01-02T03:13:06.500+00:00"


def test_the_same_results_give_the_same_crate(run: RecordedRun) -> None:
    before = (run.results / "ro-crate-metadata.json").read_bytes()
    assert write(run).read_bytes() == before
    assert b".partial" not in before


def test_a_store_elsewhere_leaves_its_objects_out(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    moved = run.store.root.rename(tmp_path / "store")
    path = write_crate(Store(moved), run.results, _workflow(tmp_path))
    graph = entities(path)
    assert [name for name, entity in graph.items() if entity["@type"] == "Dataset"] == ["./"]
    object_id = run.objects["results/toy/corpus.json"]
    assert graph["toy/corpus.json"]["description"] == f"names corpus object {object_id}"


def _workflow(folder: Path, text: str = "# snakemake") -> Path:
    (folder / "Snakefile").write_text(text)
    return folder / "Snakefile"


def test_what_cannot_be_described_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    with pytest.raises(UserError, match=r"workflow file .*absent does not exist; name it with --workflow"):
        write_crate(run.store, run.results, tmp_path / "absent")
    with pytest.raises(UserError, match="names no workflow language"):
        write_crate(run.store, run.results, _workflow(tmp_path, "all: report"))
    (tmp_path / "inner").mkdir()
    (tmp_path / "rules").write_text("")
    outside = _workflow(tmp_path / "inner", 'include: "../rules"  # snakemake')
    with pytest.raises(UserError, match="lies outside the folder"):
        write_crate(run.store, run.results, outside)
    (run.results / "toy/corpus-classes.csv").write_text("edited")
    with pytest.raises(UserError, match=r"corpus-classes\.csv is part of the lineage .* run the workflow again"):
        write_crate(run.store, run.results, _workflow(tmp_path))
    assert not (run.results / "ro-crate-metadata.json").exists()


def test_without_rocrate_it_says_how_to_install_it(run: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rocrate.rocrate", None)
    with pytest.raises(UserError, match="pip install rocrate"):
        write(run)


def test_every_word_of_the_crate_is_in_its_context(graph: dict[str, dict[str, Any]]) -> None:
    words = context_of_1_1()["@context"].keys() | {"sha256"}
    for entity in graph.values():
        types = entity["@type"] if isinstance(entity["@type"], list) else [entity["@type"]]
        assert {*types, *entity} - {"@id", "@type"} <= words


def issues(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What roc-validator finds against the MUSTs of Workflow Run Crate and the profiles below it; offline."""
    import requests
    from rocrate_validator import models, services
    from urllib3 import HTTPResponse

    body = json.dumps(context_of_1_1()).encode()

    def send(adapter: Any, request: Any, **_: Any) -> Any:
        if request.url != CONTEXT:
            raise requests.ConnectionError(f"{request.url} is not served in this test")
        headers = {"Content-Type": "application/ld+json"}
        response = HTTPResponse(body=io.BytesIO(body), headers=headers, status=200, preload_content=False)
        return adapter.build_response(request, response)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    settings = services.ValidationSettings(
        rocrate_uri=str(results),
        profile_identifier="workflow-run-crate",
        requirement_severity=models.Severity.REQUIRED,
        cache_path=str(tmp_path / "cache"),
    )
    return [str(issue.message) for issue in services.validate(settings).get_issues()]


@pytest.mark.processes
@pytest.mark.skipif(find_spec("rocrate_validator") is None, reason="roc-validator is not installed")
def test_the_validator_accepts_the_crate(run: RecordedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert issues(run.results, tmp_path, monkeypatch) == []
    path = run.results / "ro-crate-metadata.json"
    intact = path.read_text()
    damaged = json.loads(intact)
    for entity in damaged["@graph"]:
        if entity["@type"] == "CreateAction":
            del entity["instrument"]
        if entity["@id"] == "./":
            del entity["license"]
    path.write_text(json.dumps(damaged))
    try:
        found = " ".join(issues(run.results, tmp_path, monkeypatch))
    finally:
        path.write_text(intact)
    assert "instrument" in found
    assert "license" in found
