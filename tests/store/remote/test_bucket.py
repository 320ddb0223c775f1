"""URLs, settings and errors of a storage: each is one clear sentence."""

import itertools
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.store.errors import MissingObjectError
from hyperforget.store.remote import Bucket, open_bucket, pull, push
from hyperforget.store.remote import bucket as storage
from hyperforget.store.store import Store
from tests.store.conftest import Run
from tests.store.remote.raw_bucket import keys

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "results/copy",
            r"remote 'results/copy' is no URL; write s3://bucket/prefix, or file:///.*results/copy for",
        ),
        ("s4://bucket/x", r"has scheme 's4'; allowed are s3, gs, az, file; did you mean 's3'\?"),
        ("https://storage.example.org/x", r"has scheme 'https'; allowed are s3, gs, az, file"),
        (
            "s3://key:secret@bucket/x",
            r"remote s3://bucket/x must be a bucket and a prefix alone; credentials",
        ),
        ("s3://bucket/x?region=eu", r"must be a bucket and a prefix alone; .* AWS_ACCESS_KEY_ID"),
        ("s4://key:secret@bucket/x", r"remote 's4://bucket/x' has scheme"),
        ("key:secret@bucket/x", r"remote 'bucket/x' is no URL"),
        ("s3:///x", r"names no prefix|names no bucket"),
        ("file://folder/x", r"write file:///folder"),
        ("file:///no/such/folder", r"folder /no/such/folder does not exist; make it or check the name"),
    ],
)
def test_other_urls_are_refused(url: str, told: str) -> None:
    pytest.importorskip("obstore")
    with pytest.raises(UserError, match=told) as refused:
        open_bucket(url)
    assert "secret" not in str(refused.value)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("obstore", "obstore.store"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=r"obstore is not installed; .*pip install obstore"):
        open_bucket("s3://bucket/x")


def test_plain_http_is_for_this_machine_unless_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("obstore")
    monkeypatch.delenv("AWS_ALLOW_HTTP", raising=False)
    for endpoint in (
        "http://127.0.0.1:9000",
        "http://localhost:9000",
        "http://[::1]:9000",
        "https://example.org",
    ):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        open_bucket("s3://bucket/x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1.example.org")
    with pytest.raises(UserError, match=r"AWS_ENDPOINT_URL is http://.*: plain http shows all .* AWS_ALLOW_HTTP=true"):
        open_bucket("s3://bucket/x")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    open_bucket("s3://bucket/x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "storage.example.org")
    with pytest.raises(UserError, match="must be a URL such as https://"):
        open_bucket("s3://bucket/x")


def test_an_unknown_bucket_is_told(run: Run, s3: str, tmp_path: Path) -> None:
    unknown = open_bucket("s3://no-such-bucket/store")
    for move, where in ((push, run.store), (pull, Store(tmp_path / "new"))):
        with pytest.raises(UserError, match=r"^remote s3://no-such-bucket/store: there is no such bucket; create it"):
            move(where, unknown)


def test_an_endpoint_that_does_not_answer_is_told(run: Run, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(storage, "_RETRIES", {"max_retries": 1})
    with pytest.raises(UserError, match=r"it cannot be reached; check the network and .* AWS_ENDPOINT_URL"):
        push(run.store, open_bucket(s3))


@pytest.fixture
def strict(server: str, s3: str) -> Iterator[str]:
    """The server looks at credentials, and knows none."""
    _expect_credentials_after(server, "0")
    yield s3
    _expect_credentials_after(server, "inf")


def _expect_credentials_after(server: str, requests: str) -> None:
    url, kind = f"{server}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    request = urllib.request.Request(url, requests.encode(), kind, method="POST")
    urllib.request.urlopen(request, timeout=30).close()


def test_wrong_credentials_are_told(run: Run, strict: str) -> None:
    with pytest.raises(UserError, match=f"^remote {strict}: AWS_ACCESS_KEY_ID is not known there; check it$"):
        push(run.store, open_bucket(strict))


def test_missing_credentials_are_told() -> None:
    pytest.importorskip("obstore")
    refused = OSError("Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in 5s")
    with (
        pytest.raises(UserError, match="no credentials were found; set AWS_ACCESS_KEY_ID"),
        storage._explaining("s3://b"),
    ):
        raise refused


def test_files_are_read_written_and_created(s3: str) -> None:
    bucket = open_bucket(s3)
    with pytest.raises(MissingObjectError, match=f"a/b is missing from {s3}"):
        storage.read(bucket, "a/b")
    assert storage.create(bucket, "a/b", b"1")
    assert not storage.create(bucket, "a/b", b"2")
    assert storage.read(bucket, "a/b") == b"1"
    storage.write(bucket, "a/b", b"3")
    assert storage.read(bucket, "a/b") == b"3"


def test_large_files_travel_in_pieces(s3: str, tmp_path: Path) -> None:
    bucket = open_bucket(s3)
    data = bytes(range(256)) * 90_000  # 23 MB
    (tmp_path / "file").write_bytes(data)
    storage.write(bucket, "large", tmp_path / "file")
    pieces = list(storage.read_pieces(bucket, "large"))
    assert len(pieces) > 1
    assert b"".join(pieces) == data
    assert dict(storage.list_keys(bucket)) == keys(bucket) == {"large": len(data)}
    assert dict(storage.list_keys(bucket, "lar")) == {}


def test_a_folder_is_a_remote_too(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    folder = tmp_path / "a folder"
    folder.mkdir()
    bucket = open_bucket(folder.as_uri())
    assert push(run.store, bucket).objects == 4
    assert push(run.store, bucket).objects == 0
    assert pull(Store(tmp_path / "new"), bucket, "paper").objects == 4
    assert (folder / "tags" / "paper.json").is_file()


class Answering:
    """A server that answers every request with what ``answer`` gives for the handler of the request."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], tuple[int, str]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, text = answer(self)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_PUT = do_GET

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


Answers = Callable[[Callable[[BaseHTTPRequestHandler], tuple[int, str]]], Bucket]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    pytest.importorskip("obstore")
    servers: list[Answering] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], tuple[int, str]]) -> Bucket:
        servers.append(Answering(answer))
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "topsecret",
            "AWS_SESSION_TOKEN": "sessiontoken",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{servers[0].server.server_port}",
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(storage, "_RETRIES", {"max_retries": 0})
        return open_bucket("s3://bucket/store")

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("status", [400, 402, 404, 410, 418, 500, 599])
def test_what_a_server_repeats_of_the_credentials_is_not_told(answering: Answers, status: int, tmp_path: Path) -> None:
    def echo(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        return (
            status,
            f"<Error><Code>Odd\x1b[2J</Code><Message>{request.path} {dict(request.headers)}</Message></Error>",
        )

    bucket = answering(echo)
    uses: list[Callable[[], object]] = [
        lambda: list(storage.list_keys(bucket)),
        lambda: storage.read(bucket, "a/b"),
        lambda: storage.write(bucket, "a/b", b""),
        lambda: storage.create(bucket, "a/b", b""),
        lambda: pull(Store(tmp_path / "new"), bucket),
    ]
    for use in uses:
        with pytest.raises(UserError) as refused:
            use()
        message = str(refused.value)
        assert message.isprintable()
        assert refused.value.__cause__ is None
        assert len(message) < 200
        for secret in ("AKIDEXAMPLE", "topsecret", "sessiontoken", "Signature", "authorization"):
            assert secret not in message


def listing(key: str, token: int) -> tuple[int, str]:
    content = f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><Size>1</Size></Contents>"
    return 200, (
        f"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t{token}</NextContinuationToken>"
        f"{content if key else ''}</ListBucketResult>"
    )


@pytest.mark.parametrize("key", ["store/same", "store/{}", ""])
def test_a_listing_without_an_end_is_given_up(answering: Answers, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()

    def next_page(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        number = next(numbers)
        return listing(key.format(number), number)

    monkeypatch.setattr(storage, "_MOST_KEYS", 1500)
    monkeypatch.setattr(storage, "_PAGE_SECONDS", 60.0 if key else 0.5)
    bucket = answering(next_page)
    with pytest.raises(UserError, match=r"the storage's list of files has no end: .*; check the endpoint"):
        list(storage.list_keys(bucket))


def test_a_password_in_an_endpoint_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("obstore")
    monkeypatch.delenv("AWS_ALLOW_HTTP", raising=False)
    for endpoint in ("ftp://user:secret@example.org", "http://user:secret@example.org", "user:secret@example.org"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with pytest.raises(UserError, match=r"example\.org") as refused:
            open_bucket("s3://bucket/x")
        assert "secret" not in str(refused.value)
