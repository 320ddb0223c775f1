"""A store under any sequence of publishing, tagging, logging, collection of garbage, damage and repair."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hyperforget.errors import UserError
from hyperforget.store.garbage import collect_garbage
from hyperforget.store.store import Store
from hyperforget.store.tags import checkout, delete_tag, list_tags, tag
from hyperforget.store.tokens import write_token
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log, read_log, snapshot

pytestmark = pytest.mark.pipeline

NUMBERS = st.integers(0, 2)
NAMES = st.sampled_from(["a", "b"])


class StoreStates(RuleBasedStateMachine):
    """Beside the store, what it must hold: published objects by number, and what each tag brings back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store, self.results = Store(self.folder / "store"), self.folder / "results"
        self.results.mkdir()
        self.store.create()
        self.ids: dict[int, str] = {}
        self.tags: dict[str, dict[str, bytes]] = {}
        self.logged = 0
        self.damaged: dict[int, bytes] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def data(self, number: int) -> Path:
        return self.store.object_folder(self.ids[number]) / "data.zarr" / "params" / "c" / "0"

    def kept(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.results.iterdir()}

    @rule(number=NUMBERS)
    def publish(self, number: int) -> None:
        """Also repairs the object if it is damaged."""
        self.ids[number] = self.store.publish("networks", {"params": np.arange(3.0) + number}, {})
        self.damaged.pop(number, None)
        write_token(self.results / f"{number}.json", "networks", self.ids[number], {})

    @precondition(lambda self: any(self.results.iterdir()))
    @rule(name=NAMES)
    def tag(self, name: str) -> None:
        version = snapshot(self.store, self.results)
        try:
            tag(self.store, name, version.id)
        except UserError:
            assert self.tags[name] != self.kept()
        else:
            self.tags.setdefault(name, self.kept())
            assert self.tags[name] == self.kept()

    @precondition(lambda self: any(self.results.iterdir()))
    @rule()
    def log(self) -> None:
        self.logged += 1
        assert append_log(self.store, snapshot(self.store, self.results).id, "note").number == self.logged

    @precondition(lambda self: len(self.tags) == 2)
    @rule(name=NAMES)
    def untag(self, name: str) -> None:
        del self.tags[name]
        delete_tag(self.store, name)

    @rule(keep_last=st.integers(0, 1), delete_results=st.booleans())
    def collect(self, keep_last: int, delete_results: bool) -> None:
        for path in self.results.iterdir() if delete_results else ():
            path.unlink()
        collect_garbage(self.store, [self.results], keep_last, dry_run=False, grace_seconds=0)
        held = {number for number in self.ids if self.store.object_folder(self.ids[number]).exists()}
        tokens = [*self.kept(), *(name for files in self.tags.values() for name in files)]
        assert {int(name.removesuffix(".json")) for name in tokens} <= held
        self.ids = {number: self.ids[number] for number in held}
        self.damaged = {number: data for number, data in self.damaged.items() if number in held}

    @rule(number=NUMBERS, byte=st.integers(0, 10**6), bit=st.integers(0, 7))
    def damage(self, number: int, byte: int, bit: int) -> None:
        if number in self.ids and number not in self.damaged:
            path = self.data(number)
            data = bytearray(path.read_bytes())
            self.damaged[number] = bytes(data)
            data[byte % len(data)] ^= 1 << bit
            path.chmod(0o644)
            path.write_bytes(data)

    @invariant()
    def verification_finds_exactly_what_is_damaged(self) -> None:
        found = {finding.id for finding in verify(self.store, 1)}
        assert found == {self.ids[number] for number in self.damaged}

    @invariant()
    def whatever_a_tag_names_is_restored(self) -> None:
        assert {each.name for each in list_tags(self.store)} == self.tags.keys()
        assert len(read_log(self.store)) == self.logged
        for each in list_tags(self.store):
            target = self.folder / "restored" / each.name
            version = checkout(self.store, each.version_id, target)
            files = {file.path: (target / file.path).read_bytes() for file in version.files}
            assert files == self.tags[each.name]
            for number in {int(name.removesuffix(".json")) for name in files} - self.damaged.keys():
                assert self.store.read(self.ids[number]).arrays["params"][0] == number


TestStoreStates = StoreStates.TestCase
TestStoreStates.settings = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],  # to make a failure smaller would take minutes
    suppress_health_check=[HealthCheck.too_slow],
)
