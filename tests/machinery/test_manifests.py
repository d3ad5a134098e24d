"""Manifests: what YAML and JSON texts mean, and that hostile ones are refused with a place."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from orchestrator.machinery import manifests, yaml_documents
from orchestrator.machinery.documents import equal
from orchestrator.machinery.errors import ManifestError

SCALARS: list[tuple[str, Any]] = [
    ("1", 1),
    ("+1", 1),
    ("-1", -1),
    ("0", 0),
    ("0755", 493),
    ("0o755", 493),
    ("0x1F", 31),
    ("-0b11", -3),
    ("1_000", 1000),
    ("08", 8),
    ("1.5", 1.5),
    ("-0.0", 0),
    ("1e19", 1e19),
    ("1e999", "1e999"),
    (".5", 0.5),
    ("1e3", 1000),
    ("1.", 1),
    ("9223372036854775807", 2**63 - 1),
    ("9223372036854775808", 2.0**63),
    ("18446744073709551616", 2.0**64),
    ("1:30", "1:30"),
    ("80:80", "80:80"),
    ("1.2.3", "1.2.3"),
    ("1Gi", "1Gi"),
    ("-", None),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    ("yes", True),
    ("On", True),
    ("y", True),
    ("TRUE", True),
    ("no", False),
    ("off", False),
    ("n", False),
    ("False", False),
    ("nope", "nope"),
    ("~", None),
    ("null", None),
    ("", None),
    ("'yes'", "yes"),
    ('"1"', "1"),
    ('"\\u00e9"', "é"),
    ("!!str 1", "1"),
    ("! 1", "1"),
    ("!!int 1", 1),
    ("!!float 1", 1),
    ("!!bool yes", True),
    ("!!null ~", None),
    ("!!binary aGVsbG8=", "hello"),
    ("!!timestamp 2024-01-01", "2024-01-01"),
    ("!!map {}", {}),
    ("!!seq []", []),
    ("[1, yes]", [1, True]),
    ("{a: 1}", {"a": 1}),
    ("|\n  a\n  b\n", "a\nb\n"),
    (">\n  a\n  b\n", "a b\n"),
]

REFUSED: list[tuple[str | bytes, int, int, str]] = [
    ("[" * 900, 1, 129, "exceeded max depth 128"),
    ("{a: " * 50_000, 1, 513, "exceeded max depth 128"),
    ('{"a":' * 50_000, 1, 641, "exceeded max depth 128"),
    ("- " * 50_000, 1, 257, "exceeded max depth 128"),
    ("a: b: c", 1, 5, "mapping values are not allowed"),
    ("a: 1\nb:\n  c: 1\n  c: 2", 4, 3, 'key "c" already set in map'),
    ('{"a":1,\n"a":2}', 1, 1, 'duplicate field "a"'),
    ("a: 1\n---\nb: 1\nb: 2", 4, 1, 'key "b" already set in map'),
    ("1: a\n'1': b", 2, 1, 'key "1" already set in map'),
    ('{"a":NaN}', 1, 1, "NaN is no JSON"),
    ('{"a":1}\n {"a":-Infinity}', 2, 2, "-Infinity is no JSON"),
    ('{"a":1e999}', 1, 1, "a number is out of range"),
    ("a: .nan", 1, 4, ".nan is no JSON"),
    ("a: -.inf", 1, 4, "-.inf is no JSON"),
    ('{"a":"\\ud800"}', 1, 1, "a string has a lone surrogate"),
    ('a: "\\ud800"', 1, 7, "found invalid Unicode character escape code"),
    ("a: \ud800", 1, 4, "the text has a lone surrogate"),
    (b"a: 1\nb: \xff", 2, 4, "the text is not UTF-8"),
    ("a: \x01", 1, 4, "control characters are not allowed"),
    ("a: !!python/object:os.system x", 1, 4, "python/object:os.system has no meaning"),
    ("a: !!python/tuple [1]", 1, 4, "python/tuple has no meaning"),
    ("a: !Ref x", 1, 4, "the tag !Ref has no meaning"),
    ("a: !!int x", 1, 4, "cannot decode `x` as a !!int"),
    ("a: !!binary '?'", 1, 4, "invalid base64"),
    ("%YAML 1.2\n---\na: 1", 1, 1, "found incompatible YAML document"),
    ("a: *x", 1, 4, "the alias *x stands for nothing yet"),
    ("a: &a [*a]", 1, 8, "the alias *a stands for nothing yet"),
    ("? [a]\n: b", 1, 3, "a key must be a scalar"),
    ("~: 3", 1, 1, "a key must be a scalar"),
    ("a: &a [1]\n? *a\n: b", 2, 3, "a key must be a scalar"),
    ("<<: 1", 1, 5, "map merge requires map or sequence of maps"),
    ("- 1", 1, 1, "expected an object, found an array"),
    ("a: 1\n---\n\nx", 4, 1, "expected an object, found a string"),
    ('{"a": 1} x', 1, 10, "Expecting value"),
    ("a:\n\t- b", 2, 1, "cannot start any token"),
    ("a: '", 1, 5, "unexpected end of stream"),
    ("%YAML 9.1\n---\na: b", 1, 1, "incompatible YAML document"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_values(text: str, value: Any) -> None:
    """A value is read as Kubernetes' YAML library reads it."""
    (document,) = manifests.load_all(f"a: {text}" if text != "-" else "a:\n")
    assert equal(document, {"a": value})
    assert type(document["a"]) is type(value)


@pytest.mark.parametrize(("text", "line", "column", "reason"), REFUSED)
def test_refused(text: str | bytes, line: int, column: int, reason: str) -> None:
    """What is no manifest is refused, with the place where that shows."""
    with pytest.raises(ManifestError) as caught:
        manifests.load_all(text, "web.yaml")
    error = caught.value
    assert reason in error.reason
    assert (error.source, error.line, error.column) == ("web.yaml", line, column)
    assert error.message == f"web.yaml:{line}:{column}: {error.reason}"


def test_brackets_without_end_are_refused() -> None:
    """By us or, at another place, by the parser itself, as its version has it."""
    with pytest.raises(ManifestError, match="depth"):
        manifests.load_all("[" * 200_000, "web.yaml")


def test_streams() -> None:
    """Documents come in order; empty ones do not count; JSON documents may follow each other."""
    text = "# a comment\n---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n"
    assert manifests.load_all(text) == ({"a": 1}, {"b": 2})
    assert manifests.load_all('{"a":1}\n {"b":[1,2.5,null,true]}') == (
        {"a": 1},
        {"b": [1, 2.5, None, True]},
    )
    assert manifests.load_all("{a: b}") == ({"a": "b"},)
    assert manifests.load_all("\ufeffa: 1".encode()) == ({"a": 1},)
    assert manifests.load_all("\ufeff{}") == ({},)
    assert manifests.load_all("") == ()
    assert manifests.load("a: 1") == {"a": 1}
    with pytest.raises(ManifestError, match="expected one document, found 2"):
        manifests.load("a: 1\n---\nb: 1")


def test_keys_are_text() -> None:
    """Keys that YAML takes for something else become JSON's texts."""
    assert manifests.load("on: 1\n2: 3\n1.5: x\n1e3: z\n1e8: z\n1e-7: z\n1.5e9: z\n0.0: z") == {
        "true": 1,
        "2": 3,
        "1.5": "x",
        "1000": "z",
        "1e+08": "z",
        "1e-07": "z",
        "1.5e+09": "z",
        "0": "z",
    }


def test_anchors_and_merges() -> None:
    """Aliases are copies; `<<` fills in what an object does not say itself."""
    document = manifests.load(
        "base: &b {k: 1, z: [1]}\n"
        "one: {<<: *b, k: 2}\n"
        "two: {k: 3, <<: [*b, {q: 4, k: 9}], z: 5}\n"
        "again: *b\n"
        "text: &t x\n"
        "copy: *t\n"
        "plain: {'<<': 1}\n"
    )
    assert document["one"] == {"k": 2, "z": [1]}
    assert document["two"] == {"k": 1, "z": 5, "q": 4}
    assert document["again"] == document["base"]
    assert document["again"] is not document["base"]
    assert document["copy"] == "x"
    assert document["plain"] == {"<<": 1}


def test_aliases_cannot_explode() -> None:
    """A few hundred bytes do not become millions of values."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for name, previous in zip("bcdefgh", "abcdefg", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{previous}'] * 9)}]")
    with pytest.raises(ManifestError, match="the aliases stand for more than 100000 values"):
        manifests.load_all("\n".join(lines))


def test_aliases_cannot_nest_deeper() -> None:
    """Depth counts through aliases."""
    half = "[" * 70 + "]" * 70
    with pytest.raises(ManifestError, match="exceeded max depth"):
        manifests.load_all(f"a: &a {half}\nb: {'[' * 70}*a{']' * 70}")


def test_number_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of more values than the limit is refused."""
    monkeypatch.setattr(yaml_documents, "MAX_NODES", 10)
    assert manifests.load("a: [1, 2, 3]")
    with pytest.raises(ManifestError, match="more than 10 values"):
        manifests.load_all("a: 1\n---\n" * 6)


def test_pure_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without libyaml the same texts mean the same."""
    monkeypatch.setattr(yaml_documents, "_Loader", yaml.SafeLoader)
    assert manifests.load("a: [1, yes, &x {b: c}, *x]") == {"a": [1, True, {"b": "c"}, {"b": "c"}]}
    for text in ("[" * 10_000, 'a: "\\ud800"', "a: \x01", "a: b: c"):
        with pytest.raises(ManifestError):
            manifests.load_all(text)


def test_unclosed_json_string_is_cheap() -> None:
    """A text made to be scanned again and again is scanned once."""
    with pytest.raises(ManifestError):
        manifests.load_all('{"a":' + '"\\"' * 200_000)


def test_tag_directives_are_few() -> None:
    """A parser that compares each with all would stand still over a few hundred kilobytes of them."""
    text = "".join(f"%TAG !e{number}! tag:x\n" for number in range(20_000)) + "---\na: 1\n"
    with pytest.raises(ManifestError, match=r"web.yaml:101:1: more than 100 %TAG directives"):
        manifests.load_all(text, "web.yaml")
    assert manifests.load_all("%TAG !e! tag:x\n---\na: 1\n") == ({"a": 1},)


def test_flatten() -> None:
    """Lists give their items, also lists of lists."""
    pod = {"kind": "Pod"}
    assert manifests.flatten(
        ({"kind": "List", "items": [pod, {"kind": "PodList", "items": [pod]}]}, pod)
    ) == (pod, pod, pod)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", max_size=3), values, min_size=1))
def test_json_is_read_as_json(document: dict[str, Any]) -> None:
    """Any JSON object is read as itself."""
    assert equal(manifests.load(json.encode(document)), document)


# Without "y", "n", "0" and "e": PyYAML leaves `y`, `0o7` and `1e3` bare, which mean something here.
printable = st.text(" abcdxz-:#'\"[]{}!&*?,|>%@`~/.\\", max_size=8)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | printable,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(printable, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(printable, plain_values, min_size=1))
def test_dumped_yaml_is_read_back(document: dict[str, Any]) -> None:
    """What a YAML 1.1 writer wrote is what it was given."""
    assert equal(manifests.load(yaml.safe_dump(document)), document)


@given(st.text(alphabet="ab:-[]{}&*!,'\"\n #|>?%1.~<", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text does anything else than give JSON or a ManifestError."""
    try:
        documents = manifests.load_all(text)
    except ManifestError:
        return
    assert all(isinstance(document, dict) for document in documents)
    json.encode(documents)
