"""Versioned artifact store: immutable, content-addressed objects, how they were made, and versions of it all.

What a run makes in bulk (datasets, checkpoints, networks, hypernetworks) is an *object*. Its id is a digest of what it
says: the decoded arrays and the attributes, never time, host, path or compression. A *token* is a small JSON file that
stands for an object in a workflow; equal content gives equal bytes. Tokens, tables, figures and other small files are
kept as *blobs*. A *computation* is all that determines what a stage makes, and leads to it again (in files it is called
a recipe, as in stores written before). A *version* is the set of result files of one moment; it can be logged, tagged
and brought back. ::

    <store>/store.json                      version of these places, written once
    <store>/objects/ab/<id>/object.json     manifest: what the id digests, and all files with checksums
    <store>/objects/ab/<id>/data.zarr       arrays of dataset, segment and networks objects: a zarr v3 group
    <store>/objects/ab/<id>/data.safetensors    arrays of hypernet objects
    <store>/blobs/ab/<sha256>               small files
    <store>/recipes/ab/<id>.json            what determined a result, the result, and its provenance
    <store>/log/00000001.json               versions in the order in which they were logged
    <store>/tags/<name>.json                versions by name
    <store>/copies/                         a second copy of records, log and tags
    <store>/packs/<corpus id>/              corpora for fast loading; derived, to be deleted freely
    <store>/tmp/<uuid>/                     objects being written; to be deleted freely while nothing runs

Guarantees:

- Everything appears complete or not at all, also when its writer is killed. An object is staged, synced, read back and
  then renamed; a document or blob is linked or renamed into place, synced.
- The same content is stored once, whoever publishes it and however many do so at the same time. Log entries, tags and
  records are written once and never changed; no lock can be left behind.
- Reading gives what was written, or raises `MissingObjectError` or `CorruptObjectError`. Publishing the same content
  again replaces a damaged copy, so rerunning the stage that made it repairs it. `verify` finds every flipped bit and
  every truncated or deleted file.
- Nothing is removed but by `collect_garbage`, which leaves alone what was used within a time of grace.
- No code of this package is needed to open an object: ``zarr.open_group(path / "data.zarr")`` is enough.

`hyperforget.store.remote` keeps copies in buckets, for machines that share no file system.
"""
