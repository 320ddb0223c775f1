"""A bucket of an object store, or a folder, by URL: list, read and write files by their key.

Everything about obstore, the library that speaks to it, is here. Credentials, endpoint and region come from the
environment, under the names that the makers of the storage gave them, such as ``AWS_ACCESS_KEY_ID``.
"""

from __future__ import annotations

import ipaddress
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

from hyperforget.errors import UserError, nearest_choice, printable
from hyperforget.store.errors import MissingObjectError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

Result = TypeVar("Result")

SCHEMES = ("s3", "gs", "az", "file")

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_RETRIES = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
_PAGE_SECONDS = 300.0  # for a thousand keys, with all retries
_MOST_KEYS = 5_000_000
_TIMEOUTS = {"timeout": "10m", "read_timeout": "60s"}  # of one request; without data for so long

# Words in an error of the storage, and what they mean; the first that fits is told.
_MEANINGS = {
    "NoSuchBucket": "there is no such bucket; create it or check the name",
    "169.254.169.254": "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or for a "
    "public bucket AWS_SKIP_SIGNATURE=true",
    "InvalidAccessKeyId": "AWS_ACCESS_KEY_ID is not known there; check it",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID; check both",
    "401 Unauthorized": "the credentials are refused; check them",
    "403 Forbidden": "the credentials do not permit this; check them and the policy of the bucket",
    "redirect": "the bucket lies in another region; set AWS_REGION",
    "error sending request": "it cannot be reached; check the network and the endpoint, for S3 AWS_ENDPOINT_URL",
    "operation timed out": "it does not answer in time; try again",
}


@dataclass(frozen=True)
class Bucket:
    """What a URL leads to: all keys lie below it."""

    url: str
    handle: ObjectStore


def open_bucket(url: str) -> Bucket:
    """A bucket by its URL, ``s3://bucket/prefix``, ``gs://``, ``az://``, or ``file:///folder``.

    Nothing is sent yet. Raises `UserError` for another URL, an endpoint with plain http elsewhere than on this machine
    unless ``AWS_ALLOW_HTTP`` is true, an absent folder, and without obstore.
    """
    scheme = _scheme(url)
    try:
        from obstore.store import LocalStore, from_url
    except ModuleNotFoundError:
        raise UserError("obstore is not installed; install it with 'pip install obstore'") from None
    if scheme == "file":
        folder = Path(unquote(urlsplit(url).path))
        if not folder.is_dir():
            raise UserError(f"remote {url}: folder {folder} does not exist; make it or check the name")
        return Bucket(url, LocalStore(folder))
    config, options = _s3_settings() if scheme == "s3" else ({}, {})
    with _explaining(url):
        return Bucket(
            url,
            from_url(url, config=config, client_options=_TIMEOUTS | options, retry_config=_RETRIES),  # type: ignore[call-overload]
        )


def list_keys(bucket: Bucket, folder: str | None = None) -> Iterator[tuple[str, int]]:
    """Key and size in bytes of every file below a folder, or of all.

    Raises `UserError` as all below do, and for a listing that has no end: that repeats a key, has more than any store,
    or sends pages without keys.
    """
    import obstore

    listed: set[str] = set()
    with _explaining(bucket.url):
        chunks = iter(obstore.list(bucket.handle, folder, chunk_size=1000))
        while chunk := _in_time(bucket, lambda: next(chunks, None)):
            for meta in chunk:
                if meta["path"] in listed or len(listed) == _MOST_KEYS:
                    raise _endless(bucket, f"it listed {len(listed)} keys and goes on")
                listed.add(meta["path"])
                yield meta["path"], meta["size"]


def read(bucket: Bucket, key: str) -> bytes:
    """The bytes of a file; `MissingObjectError` if there is none."""
    return b"".join(read_pieces(bucket, key))


def read_pieces(bucket: Bucket, key: str) -> Iterator[bytes]:
    """The bytes of a file, a few megabytes at a time; `MissingObjectError` if there is none."""
    import obstore

    with _explaining(bucket.url, key):
        yield from map(bytes, obstore.get(bucket.handle, key))


def write(bucket: Bucket, key: str, content: Path | bytes) -> None:
    """Write a file in one step, whatever is there."""
    import obstore

    with _explaining(bucket.url, key):
        obstore.put(bucket.handle, key, content)


def create(bucket: Bucket, key: str, data: bytes) -> bool:
    """Write a file unless one is there; of many that try at once, one succeeds. Returns whether it did."""
    import obstore
    from obstore.exceptions import AlreadyExistsError

    with _explaining(bucket.url, key):
        try:
            obstore.put(bucket.handle, key, data, mode="create")
        except AlreadyExistsError:
            return False
    return True


def _in_time(bucket: Bucket, take: Callable[[], Result]) -> Result:
    """What ``take()`` gives; it waits in a thread, since obstore follows pages without keys for ever."""
    results: SimpleQueue[tuple[Result | None, Exception | None]] = SimpleQueue()

    def run() -> None:
        try:
            results.put((take(), None))
        except Exception as error:
            results.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = results.get(timeout=_PAGE_SECONDS)
    except Empty:
        raise _endless(bucket, f"in {_PAGE_SECONDS} s it listed no keys, nor an end") from None
    if error is not None:
        raise error
    return cast(Result, result)


def _endless(bucket: Bucket, seen: str) -> UserError:
    return UserError(f"remote {bucket.url}: the storage's list of files has no end: {seen}; check the endpoint")


def _scheme(url: str) -> str:
    parts = urlsplit(url)
    shown = _without_user(url)
    if "://" not in url:
        raise UserError(
            f"remote {shown!r} is no URL; write s3://bucket/prefix, or {Path(shown).absolute().as_uri()} for a folder"
        )
    if parts.scheme not in SCHEMES:
        raise UserError(
            f"remote {shown!r} has scheme {parts.scheme!r}; allowed are {', '.join(SCHEMES)}"
            f"{nearest_choice(parts.scheme, SCHEMES)}"
        )
    if parts.username or parts.query or parts.fragment:
        raise UserError(
            f"remote {parts.scheme}://{parts.hostname or ''}{parts.path} must be a bucket and a prefix "
            "alone; credentials and settings belong into the environment, such as AWS_ACCESS_KEY_ID"
        )
    if bool(parts.netloc) == (parts.scheme == "file"):
        example = "file:///folder" if parts.scheme == "file" else f"{parts.scheme}://bucket/prefix"
        raise UserError(f"remote {url!r} names no {example.split('/')[-1]}; write {example}")
    return parts.scheme


def _s3_settings() -> tuple[dict[str, Any], dict[str, Any]]:
    """Where to find S3, and whether plain http is allowed there: it shows all to whoever listens."""
    name = next((name for name in _ENDPOINTS if os.environ.get(name)), None)
    if name is None:
        return {}, {}
    endpoint = os.environ[name]
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"{name} is {_without_user(endpoint)!r}, but must be a URL such as https://storage.example.org")
    allowed = os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("true", "1")
    if parts.scheme == "http" and not allowed and not _is_loopback(parts.hostname):
        raise UserError(
            f"{name} is {_without_user(endpoint)}: plain http shows all that is sent to whoever listens; use https, or "
            "set AWS_ALLOW_HTTP=true in a network that you trust"
        )
    return {"endpoint": endpoint}, {"allow_http": parts.scheme == "http"}


def _without_user(url: str) -> str:
    """A URL without the name and password that may stand before an ``@``, and without a query."""
    rest = url.partition("?")[0]
    head, at, tail = rest.rpartition("@")
    return f"{head[: head.find('://') + 3 if '://' in head else 0]}{tail}" if at and ":" in head else rest


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _explaining(url: str, key: str | None = None) -> Iterator[None]:
    """Turn errors of the storage into one sentence, in its meaning alone: an answer may repeat the credentials sent."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        text = str(error).split("\n\nDebug source:")[0]
        meaning = next((meaning for word, meaning in _MEANINGS.items() if word in text), None)
        if isinstance(error, FileNotFoundError) and meaning is None:
            raise MissingObjectError(f"{key} is missing from {url}") from None
        raise UserError(f"remote {url}: {meaning or _unknown(url, error, text)}") from None


def _unknown(url: str, error: Exception, text: str) -> str:
    """What can be told of an error whose meaning is not known."""
    if url.startswith("file:"):
        return printable(" ".join(text.split()))
    if found := re.search(r"status code: (\d{3})\b", text):
        status = int(found[1])
        phrase = next((f" {each.phrase}" for each in HTTPStatus if each == status), "")
        return f"it answers with status {status}{phrase}; check the endpoint and the state of the storage"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"it failed ({type(error).__name__}); check the endpoint and the state of the storage"
