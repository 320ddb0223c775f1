"""The door to a store: its folder, and what a stage does with it.

What looks at a store as a whole - `verify`, `collect_garbage`, the log, tags, copies in buckets - takes a `Store` but
lies outside, so that a change of those makes no stage run again.
"""

from dataclasses import dataclass

from hyperforget.store import blobs, computations, objects
from hyperforget.store.places import Places


@dataclass(frozen=True)
class Store(Places):
    """An artifact store by its folder ``root``, which `publish`, `put_blob` and `record` make if need be."""

    publish = objects.publish
    read = objects.read
    read_attributes = objects.read_attributes
    put_blob = blobs.put_blob
    get_blob = blobs.get_blob
    look_up = computations.look_up
    record = computations.record
    restore = computations.restore
