"""Dotted keys of nested settings."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hyperforget.flat_keys import flat_keys

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text("xyz", max_size=2)
    | st.lists(st.integers(0, 3), max_size=2)
)


@given(st.recursive(LEAVES, lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner), max_leaves=8))
def test_flat_keys_hold_every_leaf_and_nothing_else(value: object) -> None:
    flat = flat_keys(value)
    if not isinstance(value, dict) or not value:
        assert flat == ({"": value} if value else {})
        return
    rebuilt: dict[str, object] = {}
    for key, leaf in flat.items():
        *folders, name = key.split(".")
        place = rebuilt
        for folder in folders:
            place = place.setdefault(folder, {})  # type: ignore[assignment]
        place[name] = leaf
    assert json.dumps(rebuilt, sort_keys=True) == json.dumps(value, sort_keys=True)
