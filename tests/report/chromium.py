"""A headless Chromium, asked by the protocol of its developer tools over a pipe: what a page looks like and says."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Where it reads commands and writes answers; each ends with a zero byte.
_READS, _WRITES = 3, 4
Scheme = Literal["light", "dark"]


def find_chromium() -> str | None:
    """The command of a Chromium that is installed here."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@dataclass
class Tab:
    """One page in the browser: commands go to it, and what it reports on its own is kept as ``events``."""

    commands: int
    answers: Iterator[dict[str, Any]]
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command; raises `RuntimeError` where the browser refuses it."""
        self.sent += 1
        message: dict[str, Any] = {"id": self.sent, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        for answer in self.answers:
            if answer.get("id") == self.sent:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)
        raise RuntimeError(f"the browser ended before it answered {method}")

    def show(self, page: Path, width: int, scheme: Scheme = "light") -> None:
        """Load a page into a window of that width, 900 pixels high."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", media="", features=media)
        self.events.clear()
        self.command("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(next(self.answers))

    def ask(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page; raises `RuntimeError` where it throws."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def named(self, *methods: str) -> list[dict[str, Any]]:
        """The events of these names since the page was loaded."""
        return [event["params"] for event in self.events if event.get("method") in methods]


@contextmanager
def chromium(command: str, profile: Path) -> Iterator[Tab]:
    """A tab of a browser that ends with the context; ``profile`` is an empty folder for what it keeps."""
    (reads, commands), (answers, writes) = os.pipe(), os.pipe()
    arguments = [
        command, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
        f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank",
    ]  # fmt: skip
    # It expects its pipe at these two numbers, whatever ours are.
    script = f'exec {_READS}<&{reads} {_WRITES}>&{writes}; exec "$0" "$@"'
    process = subprocess.Popen(
        ["bash", "-c", script, *arguments],
        pass_fds=(reads, writes),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    os.close(reads)
    os.close(writes)
    try:
        with os.fdopen(answers, "rb") as stream:
            tab = Tab(commands, _messages(stream))
            target = tab.command("Target.createTarget", url="about:blank")["targetId"]
            session = tab.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            tab.session = session
            for domain in ("Page", "Runtime", "Log", "Network"):
                tab.command(f"{domain}.enable")
            yield tab
    finally:
        process.terminate()
        process.wait(timeout=30)
        os.close(commands)


def _messages(stream: Any) -> Iterator[dict[str, Any]]:
    rest = b""
    while chunk := stream.read1(1 << 16):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from map(json.loads, whole)
