"""A real S3 server on this machine, in a process of its own, with a new bucket for every test."""

import importlib.util
import re
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperforget.store.remote import Bucket, open_bucket


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and "server" in item.fixturenames:
            item.add_marker("processes")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 server that ends with the tests."""
    pytest.importorskip("obstore", reason="no obstore: pip install -e '.[remote]'")
    if not (importlib.util.find_spec("moto") and importlib.util.find_spec("flask_cors")):
        pytest.skip("no S3 server: pip install 'moto[s3]' flask flask-cors")
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], stdout=stream, stderr=stream
        )
    try:
        yield _wait(process, log)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(1200):
        if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text()):
            return found[1]
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise TimeoutError(log.read_text())


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a new prefix in a new bucket, which the environment leads to."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": server,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    urllib.request.urlopen(urllib.request.Request(f"{server}/{name}", method="PUT"), timeout=30).close()
    return f"s3://{name}/shared/store"


@pytest.fixture
def bucket(s3: str) -> Bucket:
    return open_bucket(s3)


@pytest.fixture
def fail_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Makes obstore's ``put`` or ``get`` fail after so many calls; may be told again."""
    obstore = pytest.importorskip("obstore")
    real = {name: getattr(obstore, name) for name in ("put", "get")}

    def arrange(name: str, calls: int) -> None:
        left = iter(range(calls))  # taking the next is one step, also between threads

        def call(*arguments: Any, **options: Any) -> Any:
            if next(left, None) is None:
                raise OSError("Generic S3 error: error sending request")
            return real[name](*arguments, **options)

        monkeypatch.setattr(obstore, name, call)

    return arrange
