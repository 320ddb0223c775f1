"""``hyperforget store``: trace, keep, compare, verify and share results."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hyperforget.cli.options import RESULTS, STORE, Commands, Json, Results, Store, print_result
from hyperforget.cli.shipped import main_file
from hyperforget.errors import UserError, printable

store_app = typer.Typer(cls=Commands, rich_markup_mode=None, no_args_is_help=True)

Url = Annotated[str, typer.Argument(help="s3://bucket/prefix, gs:// or az://, or file:///folder.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Only tell.")]


@store_app.command()
def log(store: Store = STORE, as_json: Json = False) -> None:
    """List the versions that were kept, the latest first: number, time (UTC), version, tags, message."""
    from hyperforget.store.tags import list_tags
    from hyperforget.store.versions import read_log

    entries, tags = read_log(store)[::-1], list_tags(store)
    names = {entry.number: [tag.name for tag in tags if tag.version_id == entry.version_id] for entry in entries}
    lines = [] if entries else ["The log is empty; 'hyperforget store tag NAME' keeps the present results."]
    for entry in entries:
        tagged = f"[{', '.join(names[entry.number])}] " if names[entry.number] else ""
        lines.append(f"{entry.number:>4}  {entry.time}  {entry.version_id[:12]}  {tagged}{printable(entry.message)}")
    told = [asdict(entry) | {"tags": names[entry.number]} for entry in entries]
    print_result(told, as_json, "\n".join(lines))


@store_app.command()
def show(
    name: Annotated[str, typer.Argument(help="A result file, a tag, or the id of an object or a computation.")],
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Tell what something is: a token, an object, a computation, a tag or any result file; sizes in bytes."""
    from hyperforget.provenance.describe import as_text, describe

    told = describe(store, name)
    print_result(told, as_json, as_text(told))


@store_app.command()
def lineage(
    file: Annotated[Path | None, typer.Argument(help="A result file; by default the report.")] = None,
    dot: Annotated[bool, typer.Option("--dot", help="Print a Graphviz graph.")] = False,
    crate: Annotated[bool, typer.Option("--crate", help="Describe the run as an RO-Crate.")] = False,
    workflow: Annotated[
        Path | None,
        typer.Option(
            help="Main file of the workflow, for the crate; by default the Snakefile here, else the package's."
        ),
    ] = None,
    license_url: Annotated[str, typer.Option("--license", help="Licence of the crate, a URL.")] = "",
    store: Store = STORE,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Draw what made a result file: stages with their code and settings, back to the data; times in seconds.

    --crate writes RESULTS/ro-crate-metadata.json, and the workflow and its configuration to RESULTS/source, so that the
    folder of the results can be deposited as a Workflow Run RO-Crate.
    """
    from hyperforget.provenance import lineage_views
    from hyperforget.provenance.lineage import lineage as trace

    if crate:
        from hyperforget.provenance.crate import LICENSE, write_crate

        if file is not None and file.resolve() != (results / "report.html").resolve():
            raise UserError(f"a crate describes the run behind {results / 'report.html'}, not {file}")
        path = write_crate(store, results, workflow or main_file(), license_url or LICENSE)
        print_result({"crate": path.as_posix()}, as_json, f"wrote {path.as_posix()}")
        return
    found = trace(store, file or results / "report.html")
    view = lineage_views.dot if dot else lineage_views.tree
    print_result(lineage_views.as_json(found), as_json, view(found))


@store_app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A tag, or the number of an entry of the log.")],
    new: Annotated[str | None, typer.Argument(help="Another; by default the present results.")] = None,
    store: Store = STORE,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Tell which files differ between two versions and why, and which cells of metrics.csv moved.

    Causes are keys of the configuration, code, and data. Cells are compared with the old central 95 % of networks.
    """
    from hyperforget.provenance.changes import diff as compare
    from hyperforget.provenance.changes_views import as_text

    changes = compare(store, results, old, new)
    print_result(asdict(changes), as_json, as_text(changes))


@store_app.command()
def tag(
    name: Annotated[str, typer.Argument(help="Letters, digits and ._-; never moved once given.")],
    message: Annotated[str, typer.Option("--message", "-m", help="What the log says of it.")] = "",
    delete: Annotated[bool, typer.Option("--delete", help="Take the name back.")] = False,
    store: Store = STORE,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Keep the present results for good under a name, and enter them in the log."""
    from hyperforget.store import tags
    from hyperforget.store import versions as history

    if delete:
        tags.delete_tag(store, name)
        print_result({"deleted": name}, as_json, f"tag {name} is deleted; gc may now remove its files")
        return
    tags.tag_place(name)
    version = history.snapshot(store, results)
    tags.tag(store, name, version.id)
    entry = history.append_log(store, version.id, message or f"tag {name}")
    told = {"tag": name, "version_id": version.id, "files": len(version.files), "entry": entry.number}
    text = f"tag {name} is version {version.id[:12]}: {len(version.files)} files, entry {entry.number}"
    print_result(told, as_json, text)


@store_app.command()
def checkout(
    name: Annotated[str, typer.Argument(help="A tag, or the number of an entry of the log.")],
    config: Annotated[Path | None, typer.Option(help="Also write its configuration here, YAML.")] = None,
    store: Store = STORE,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Bring the results of a version back, byte for byte; other files stay.

    What is replaced is kept first, as an entry of the log. All files get one modification time. Run the workflow with
    the configuration of that version afterwards: it cannot know that the files are of another.
    """
    from hyperforget.provenance.versions import as_text, check_out

    done = check_out(store, results, name, config)
    print_result(asdict(done), as_json, as_text(done))


@store_app.command()
def verify(
    level: Annotated[
        int, typer.Option(min=0, max=2, help="0: existence and size; 1: also digests; 2: also values.")
    ] = 1,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Look for flipped bits, truncated and missing files in the whole store; status 1 if there are any."""
    from hyperforget.store.files import size_of
    from hyperforget.store.verification import verify as check

    started = time.monotonic()
    if store.root.is_dir():
        sizes = [size for path in store.root.rglob("*") if (size := size_of(path)) is not None]
        typer.echo(f"verifying {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB, at level {level}", err=True)
    findings = check(store, level)
    lines = []
    for each in findings:
        remedy = f"; {each.remedy}" if each.remedy else ""
        lines.append(f"{each.kind} {each.id}: {each.path} {each.problem}{remedy}")
    state = f"{len(findings)} problems" if findings else "all is well"
    lines.append(f"{state} ({time.monotonic() - started:.1f} s)")
    print_result([asdict(finding) for finding in findings], as_json, "\n".join(lines))
    raise typer.Exit(1 if findings else 0)


@store_app.command()
def gc(
    delete: Annotated[bool, typer.Option("--delete", help="Remove it; otherwise only tell.")] = False,
    keep_last: Annotated[int, typer.Option(help="How many last entries of the log are kept.")] = 10,
    grace: Annotated[float, typer.Option(help="Days for which everything new or used is kept.")] = 14,
    store: Store = STORE,
    results: Annotated[
        list[Path] | None, typer.Option(help="Results that use the store, repeatable; by default 'results'.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what no tag, none of the last log entries and no result leads to, and with --delete remove it.

    The days of grace must exceed the longest run. Name every folder of results that shares the store.
    """
    from hyperforget.store.garbage import collect_garbage

    folders = results if results is not None else [RESULTS] if RESULTS.is_dir() else []
    if delete and not folders:
        raise UserError("no folder 'results' here; name every folder of results that uses the store, --results")
    removals = collect_garbage(store, folders, keep_last, dry_run=not delete, grace_seconds=grace * 24 * 3600)
    lines = []
    for kind in dict.fromkeys(removal.kind for removal in removals):
        sizes = [removal.size for removal in removals if removal.kind == kind]
        lines.append(f"{len(sizes):>6} × {kind:<11} {sum(sizes) / 1e6:>10.1f} MB")
    total = f"{len(removals)} items, {sum(removal.size for removal in removals) / 1e6:.1f} MB"
    hint = "; --delete does it" if removals and not delete else ""
    lines.append(f"{'removed' if delete else 'would remove'} {total}{hint}")
    told = {"deleted": delete, "removals": [asdict(removal) for removal in removals]}
    print_result(told, as_json, "\n".join(lines))


@store_app.command()
def export(
    token: Annotated[
        str, typer.Argument(help="A token of networks, of a corpus or of a segment; of all but a corpus also an id.")
    ],
    target: Annotated[
        Path, typer.Argument(help="File to write: .npz, .zarr.zip, of a corpus .parquet, of all else .safetensors.")
    ],
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Write the parameters of networks or checkpoints to a file that needs no code of this package."""
    from hyperforget.provenance.describe import find_object
    from hyperforget.store.export import export_networks
    from hyperforget.store.tokens import read_token

    object_id = find_object(store, token)
    if Path(token).is_file() and read_token(Path(token)).kind == "corpus":
        from hyperforget.collection.export import export_corpus
        from hyperforget.collection.stored import StoredCorpus

        export_corpus(StoredCorpus(store, Path(token)), target)
    else:
        export_networks(store, object_id, target)
    told = {"object_id": object_id, "file": target.as_posix(), "size_bytes": target.stat().st_size}
    print_result(told, as_json, f"wrote {target} ({told['size_bytes']} bytes) from object {object_id[:12]}")


@store_app.command()
def selftest(
    path: Annotated[Path | None, typer.Argument(help="A folder on the file system; by default STORE.")] = None,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Try whether a file system behaves as a store needs it; status 1 if it does not."""
    from hyperforget.store.selftest import selftest as try_out

    checks = try_out(path or store.root)
    lines = [f"{'ok  ' if check.passed else 'FAIL'}  {check.name}: {check.detail}" for check in checks]
    print_result([asdict(check) for check in checks], as_json, "\n".join(lines))
    raise typer.Exit(0 if all(check.passed for check in checks) else 1)


@store_app.command()
def push(
    url: Url,
    name: Annotated[str | None, typer.Argument(help="A tag, to send what it needs; by default everything.")] = None,
    dry_run: DryRun = False,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Send everything, or what a tag needs, that a remote copy of the store lacks.

    Needs 'pip install obstore'. Credentials, endpoint and region come from the environment:
    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION. Interrupted, it goes on when run again.
    """
    from hyperforget.store.remote import open_bucket
    from hyperforget.store.remote import push as send
    from hyperforget.store.remote.transfer import as_text

    done = send(store, open_bucket(url), name, dry_run=dry_run)
    print_result(asdict(done), as_json, as_text(done, "sent", "would send"))


@store_app.command()
def pull(
    url: Url,
    name: Annotated[str | None, typer.Argument(help="A tag, to fetch what it needs; by default everything.")] = None,
    dry_run: DryRun = False,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Fetch everything, or what a tag needs, that the store lacks.

    'hyperforget store checkout' then brings the results back. What is not as it was pushed is refused. Credentials
    as for push.
    """
    from hyperforget.store.remote import open_bucket
    from hyperforget.store.remote import pull as fetch
    from hyperforget.store.remote.transfer import as_text

    done = fetch(store, open_bucket(url), name, dry_run=dry_run)
    print_result(asdict(done), as_json, as_text(done, "fetched", "would fetch"))
