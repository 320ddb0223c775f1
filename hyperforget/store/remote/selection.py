"""What is wanted of a remote copy: everything, or what one tag needs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from hyperforget.errors import UserError, nearest_choice
from hyperforget.store.computations import Record
from hyperforget.store.manifest import Manifest
from hyperforget.store.reachability import Node, closure
from hyperforget.store.references import LARGEST_TOKEN, ids_in, token_in
from hyperforget.store.remote import contents
from hyperforget.store.remote.bucket import Bucket
from hyperforget.store.remote.contents import Contents
from hyperforget.store.remote.transfer import at_once
from hyperforget.store.tags import Tag, tag_place
from hyperforget.store.versions import LogEntry, parse_version


@dataclass(frozen=True)
class Wanted:
    """Tags and entries of the log themselves, and the names of the rest, all of which is there."""

    tags: tuple[Tag, ...]
    entries: tuple[LogEntry, ...]
    records: frozenset[str]
    objects: frozenset[str]
    blobs: frozenset[str]

    def __len__(self) -> int:
        return sum(map(len, vars(self).values()))


def everything(bucket: Bucket, there: Contents) -> Wanted:
    """All that a remote copy holds."""
    return Wanted(
        tuple(at_once(partial(contents.read_tag, bucket), sorted(there.tags))),
        tuple(at_once(partial(contents.read_entry, bucket), sorted(there.log))),
        there.records,
        there.objects,
        frozenset(there.blobs),
    )


def needed(
    bucket: Bucket,
    there: Contents,
    name: str,
    records: Mapping[str, Record],
    manifest_of: Callable[[str], Manifest],
) -> Wanted:
    """What a tag leads to, as `hyperforget.store.reachability` says, and its entries of the log.

    ``records`` are all that are there. Raises `UserError` if there is no such tag.
    """
    if name not in there.tags:
        known = f"known are {', '.join(sorted(there.tags))}" if there.tags else "it has none"
        raise UserError(f"remote {bucket.url} has no tag {name!r}; {known}{nearest_choice(name, there.tags)}")
    tag = contents.read_tag(bucket, name)
    made = {file.sha256 for record in records.values() for file in record.outputs.values()}

    def named_by(node: Node) -> Iterable[Node]:
        kind, target = node
        if kind == "object":
            named = set(ids_in(manifest_of(target).content.attributes)) if target in there.objects else set()
            return [("object", each) for each in named & there.objects]
        # The computation that made a file says which object is named in it, so that only others are read.
        if target in made or target not in there.blobs or there.blobs[target] > LARGEST_TOKEN:
            return []
        token = token_in(contents.read_blob(bucket, target))
        return [("object", token.object_id)] if token else []

    found = closure(_start(bucket, tag), records, named_by, at_once)
    entries = at_once(partial(contents.read_entry, bucket), sorted(there.log))
    return Wanted(
        (tag,),
        tuple(entry for entry in entries if entry.version_id == tag.version_id),
        found.computations,
        found.objects & there.objects,
        found.blobs & there.blobs.keys(),
    )


def _start(bucket: Bucket, tag: Tag) -> list[Node]:
    data = contents.read_blob(bucket, tag.version_id)
    try:
        version = parse_version(tag.version_id, data)
    except ValueError as problem:
        key = tag_place(tag.name)
        raise contents.damaged(bucket, key, f"names {tag.version_id}, which {problem}") from None
    return [("blob", version.id), *(("blob", file.sha256) for file in version.files)]
