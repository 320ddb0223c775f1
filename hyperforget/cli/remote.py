"""``hyperforget store push`` and ``pull``: share a store through a bucket of an object store."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hyperforget.cli.options import STORE, Json, Store, print_result

if TYPE_CHECKING:
    from hyperforget.store.remote import Transfer

Url = Annotated[str, typer.Argument(help="s3://bucket/prefix, gs:// or az://, or file:///folder.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Only tell.")]


def push(url: Url, dry_run: DryRun = False, store: Store = STORE, as_json: Json = False) -> None:
    """Send everything that a remote copy of the store lacks.

    Needs 'pip install hyperforget[remote]'. Credentials, endpoint and region come from the environment:
    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION. Interrupted, it goes on when run again.
    """
    from hyperforget.store.remote import open_bucket
    from hyperforget.store.remote import push as send

    done = send(store, open_bucket(url), dry_run=dry_run)
    print_result(asdict(done), as_json, lambda _: _as_text("sent", "send", done))


def pull(
    url: Url,
    name: Annotated[
        str | None, typer.Argument(help="A tag, to fetch what it needs; by default everything.")
    ] = None,
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

    done = fetch(store, open_bucket(url), name, dry_run=dry_run)
    print_result(asdict(done), as_json, lambda _: _as_text("fetched", "fetch", done))


def _as_text(did: str, would: str, done: "Transfer") -> str:
    kinds = [
        (done.objects, "object", "objects"),
        (done.recipes, "computation", "computations"),
        (done.files, "file", "files"),
        (done.log_entries, "log entry", "log entries"),
        (done.tags, "tag", "tags"),
    ]
    counts = [f"{count} {one if count == 1 else many}" for count, one, many in kinds if count]
    verb = f"would {would}" if done.dry_run else did
    moved = f"{', '.join(counts)} ({done.bytes / 1e6:.1f} MB)" if counts else "nothing"
    text = f"{verb} {moved}; {done.present} were there already"
    if done.left:
        text += f"; of {len(done.left)} computations another result is here, which stays"
    return text
