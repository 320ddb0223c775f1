"""Reading the file of a configuration: the values that stand there, or one sentence with the line."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.config.reading import parse_config, read_config
from hyperforget.errors import UserError
from tests.torture import hostile

ROOT = Path(__file__).parents[2]
TASK = "tasks:\n  odd:\n    classes: [0, 1]\n"


def refusal_of(text: str | bytes, folder: Path) -> str:
    file = folder / "my.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UserError) as refusal:
        read_config(file)
    message = str(refusal.value)
    assert message.startswith(f"{str(file)!r} ")
    assert message.isprintable()
    assert "allowed" in message or "is no YAML on line" in message
    return message.removeprefix(f"{str(file)!r} ")


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        (TASK + "    forget: ['1']\n    hidden: [2]\n    forget: ['0']\n", "tasks.odd.forget", (4, 6)),
        ("seeds: [0]\n\ntasks: {}\nseeds: [1]", "seeds", (1, 4)),
        (TASK + "  other: {}\n  odd: {}\n", "tasks.odd", (2, 5)),
        ("tasks: {odd: {hidden: [2], pivots: [0],\n  hidden: [3]}}", "tasks.odd.hidden", (1, 2)),
        ("tasks:\n  1: {}\n  '1': {}\n", "tasks.1", (2, 3)),
        ('seeds: [0]\r\n"seeds": [1]\r\n', "seeds", (1, 2)),
        ('{\n\t"store": "a",\n\t"store": "b"\n}', "store", (2, 3)),
        ("a:\n  - b: 1\n  - b: 1\n    c: 1\n    b: 2\n", "a.1.b", (3, 5)),
        ("a: &a {x: 1}\nb: &b {y: 1}\nc:\n  <<: *a\n  <<: *b\n", "c.<<", (4, 5)),
    ],
)
def test_a_key_is_written_once(text: str, key: str, lines: tuple[int, int], tmp_path: Path) -> None:
    first, second = lines
    assert refusal_of(text, tmp_path) == (
        f"has the key {key} twice, on line {first} and on line {second}; allowed is each once"
    )


def test_a_key_may_stand_in_several_sections_and_replace_one_that_is_merged() -> None:
    text = "a: &a {steps: 1, width: 2}\nb: {<<: *a, steps: 3}\nc: [{steps: 4}, {steps: 5}]\n"
    assert parse_config(text, "text") == {
        "a": {"steps": 1, "width": 2},
        "b": {"steps": 3, "width": 2},
        "c": [{"steps": 4}, {"steps": 5}],
    }


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("010", "the number 8"),
        ("-012", "the number -10"),
        ("2_3", "the number 23"),
        ("0x1F", "the number 31"),
        ("0b11", "the number 3"),
        ("2:30", "the number 150"),
        ("+3", "the number 3"),
        ("1_0.5", "the number 10.5"),
        ("!!int x", "no number"),
        ("9" * 5000, "no number"),
        ("2024-01-02", "a date"),
        ("2024-13-45", "a date"),
    ],
)
def test_no_value_is_read_otherwise_than_it_is_written(text: str, read: str, tmp_path: Path) -> None:
    message = refusal_of(f"a: 1\nforget: [{text}]\n", tmp_path)
    assert f"on line 2, which YAML reads as {read}; allowed" in message
    assert len(message) < 250
    if not text.startswith("!!"):
        assert parse_config(f"forget: ['{text}']", "text") == {"forget": [text]}


@pytest.mark.parametrize("key", ["no", "On", "TRUE", "null", "~", "1.5", "2024-01-01", "=", "[a, b]", "? {a: b}\n"])
def test_keys_are_text(key: str, tmp_path: Path) -> None:
    assert " on line 2" in refusal_of(f"a: 1\n{key}: {{}}\n", tmp_path)


@pytest.mark.parametrize("value", ["!!set {a}", "!!omap [a: 1]", "!own x", "!!binary x", "!!python/name:os.system ''"])
def test_tags_are_refused(value: str, tmp_path: Path) -> None:
    assert "tag" in refusal_of(f"a: {value}\n", tmp_path)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"# seeds: [0]\n", "is empty"),
        (b"---\n", "is empty"),
        (b"- tasks\n", "has a list where keys should be"),
        (b"tasks", "has a text where keys should be"),
        (b"tasks:\n\todd: {}\n", "has a tab on line 2; allowed are blanks"),
        (b"tasks: {}\nseeds: [0\n", "is no YAML on line 3"),
        (b"a: 'b\n", "is no YAML on line 2"),
        (b"a: b: c\n", "is no YAML on line 1, column 5: mapping values are not allowed here"),
        (b"a: *b\n", "is no YAML on line 1, column 4: found undefined alias 'b'"),
        (b"<<: 3\n", "is no YAML on line 1"),
        (b"a: 1\n---\nb: 2\n", "has a second document, which '---' begins on line 2; allowed is one"),
        ("store: ä\n".encode("utf-16"), "is no text in UTF-8, as byte 0xff on line 1 shows"),
        ("store: a\n".encode("utf-16-le"), "has the control character 0x00 on line 1"),
        ("a: 1\nstore: ä\n".encode("latin-1"), "is no text in UTF-8, as byte 0xe4 on line 2 shows"),
        (bytes(range(256)), "is no text in UTF-8"),
        (b"PK\x03\x04\x00", "has the control character 0x03 on line 1"),
        (b"a: \x1b[31mred\n", "has the control character 0x1b on line 1"),
        (b"a: &a [*a]\n", "has an anchor on line 1 that holds itself, at a.0"),
        (b"a: 1\nb: &b\n  c: {d: *b}\n", "has an anchor on line 2 that holds itself, at b.c.d"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "is nested too deeply"),
        (b"a0: &a0 [1]\n" + b"".join(b"a%d: &a%d [%s]\n" % (i + 1, i + 1, b", ".join([b"*a%d" % i] * 10))
         for i in range(9)), "has more than 100,000 values"),
    ],
)  # fmt: skip
def test_what_is_no_configuration_is_one_sentence(data: bytes, sentence: str, tmp_path: Path) -> None:
    assert refusal_of(data, tmp_path).startswith(sentence)


@pytest.mark.parametrize("path", [".", "/dev/null", "none.yaml", "a\0b"])
def test_what_is_no_file_is_one_sentence(path: str) -> None:
    with pytest.raises(UserError, match=r"is no file; allowed is a configuration, such as config/config\.yaml"):
        read_config(Path(path))


_TEXT = st.text("aé0~ -:#'\"\\\n\t", max_size=5)
_SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | _TEXT
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner), max_leaves=6)


@hostile("configurations, as JSON", 60)
@given(st.dictionaries(_TEXT, _VALUES, min_size=1))
def test_json_is_read_as_it_was_written(values: dict[str, object]) -> None:
    assert parse_config(json.dumps(values, indent="\t"), "text") == values


@hostile("configurations, any text", 80)
@given(st.text(st.sampled_from("ab:-[]{}&*!'\"\n 01_#,<?|>%\t"), max_size=30))
def test_any_text_is_read_or_refused_in_one_sentence(text: str) -> None:
    with contextlib.suppress(UserError):
        assert isinstance(parse_config(text, "text"), dict)


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_configurations_of_the_repository_are_read(path: Path) -> None:
    assert "tasks" in read_config(path)
