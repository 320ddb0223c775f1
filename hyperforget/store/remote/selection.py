"""What one tag needs of a store, here or in a bucket."""

from collections.abc import Iterable

from hyperforget.errors import UserError, nearest_choice
from hyperforget.store.reachability import Node, closure
from hyperforget.store.references import LARGEST_TOKEN, ids_in, token_in
from hyperforget.store.remote.kinds import BLOBS, ENTRIES, OBJECTS, RECORDS, TAGS
from hyperforget.store.remote.sides import Names, Side
from hyperforget.store.remote.transfer import at_once
from hyperforget.store.tags import Tag
from hyperforget.store.versions import parse_version


def needed(there: Side, name: str) -> Names:
    """What a tag leads to, as `hyperforget.store.reachability` says, and its entries of the log.

    Raises `UserError` if there is no such tag.
    """
    tags, objects, blobs = there.names[TAGS], there.names[OBJECTS], there.names[BLOBS]
    if name not in tags:
        known = f"known are {', '.join(sorted(tags))}" if tags else "it has none"
        raise UserError(f"{there.called} has no tag {name!r}; {known}{nearest_choice(name, tags)}")
    tag = there.read(TAGS, name)
    records = {each: there.read(RECORDS, each) for each in there.names[RECORDS]}
    made = {file.sha256 for record in records.values() for file in record.outputs.values()}

    def named_by(node: Node) -> Iterable[Node]:
        kind, target = node
        if kind == "object":
            named = set(ids_in(there.read(OBJECTS, target).content.attributes)) if target in objects else set()
            return [("object", each) for each in named & objects.keys()]
        # The computation that made a file says which object is named in it, so that only others are read.
        if target in made or blobs.get(target, LARGEST_TOKEN + 1) > LARGEST_TOKEN:
            return []
        token = token_in(there.read(BLOBS, target))
        return [("object", token.object_id)] if token else []

    found = closure(_start(there, tag), records, named_by, at_once)
    there.read_ahead(ENTRIES, there.names[ENTRIES])
    entries = [each for each in there.names[ENTRIES] if there.read(ENTRIES, each).version_id == tag.version_id]
    return {
        OBJECTS: {each: 0 for each in objects if ("object", each) in found},
        BLOBS: {each: size for each, size in blobs.items() if ("blob", each) in found},
        RECORDS: {each: 0 for each in records if ("computation", each) in found},
        ENTRIES: dict.fromkeys(entries, 0),
        TAGS: {name: 0},
    }


def _start(there: Side, tag: Tag) -> list[Node]:
    data = there.read(BLOBS, tag.version_id)
    try:
        version = parse_version(tag.version_id, data)
    except ValueError as problem:
        raise there.damaged(TAGS, tag.name, f"names {tag.version_id}, which is {problem}") from None
    return [("blob", version.id), *(("blob", file.sha256) for file in version.files)]
