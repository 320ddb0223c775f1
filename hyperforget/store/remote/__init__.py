"""Copies of a store in a bucket of an object store, to share it between machines: push and pull.

Everything but the entries of log and tags is named by what it says, and nothing is ever changed, so only what one side
lacks has to travel. ::

    remote.json                             version of this layout, written once
    blobs/ab/<sha256>                       small files
    data/ab/<sha256>                        the files that hold the arrays of objects
    objects/ab/<object id>.json             manifests
    recipes/ab/<computation id>/<digest>.json    records; the digest is that of the result, of which there
                                            may be several
    log/<digest>.json                       entries of the log, without the number that each store gives them
    tags/<name>.json                        versions by name

Guarantees:

- What something names is there before it, on both sides: the files of objects come before their manifests, parts of an
  object before the whole, objects before small files, these before records, records before the log and tags. A push or
  pull that ends half-way leaves both sides valid, and goes on where it was when it is run again.
- Of many that push at once nothing is lost. Encodings of one object may differ, so their files never share a name;
  whatever else may come twice is created only where it is absent; log and tags are joined.
- A tag never moves: one that names another version on the other side stops everything before it begins.
- Whatever is pulled is compared with its name first, objects down to the values of their arrays.

Nothing is ever removed from a remote copy. Both directions are one algorithm, in `hyperforget.store.remote.copying`.
"""

from hyperforget.store.remote.bucket import Bucket, open_bucket
from hyperforget.store.remote.copying import pull, push
from hyperforget.store.remote.transfer import Transfer

__all__ = ["Bucket", "Transfer", "open_bucket", "pull", "push"]
