"""JSON paths: what Kubernetes' API server finds by them, recorded as the columns of a custom resource."""

from typing import Any, Final

import pytest

from orchestrator.machinery.json_paths import PathError, compiled

DOCUMENT: Final[dict[str, Any]] = {
    "metadata": {"name": "n", "labels": {"app.io/name": "L"}},
    "spec": {
        "a": "A",
        "list": ["p", 2, 3.5],
        "map": {"x.y": "XY", "k": {"z": "Z"}, "x": {"y": 1}},
        "items": [{"name": "one", "v": 1, "f": 1.5}, {"name": "two", "v": 2, "t": True, "f": 2.5}],
        "null": None,
        "a-b": "dash",
        "a/b": "slash",
    },
}

FOUND: Final = {
    ".spec.a": "A",
    ".spec.list[0]": "p",
    ".spec.list[-1]": 3.5,
    ".spec.list[0:2]": "p",
    ".spec.list[:1]": "p",
    ".spec.list[*]": "p",
    ".spec.list[]": "p",
    ".spec.map.*": {"z": "Z"},
    ".spec.map['x.y']": 1,
    r".spec.map['x\.y']": "XY",
    r".spec.map.x\.y": "XY",
    ".spec.map.k..z": "Z",
    "..name": "n",
    ".spec..name": "one",
    ".spec.a..": "A",
    '.spec.items[?(@.name=="two")].v': 2,
    ".spec.items[?(@.name=='two')].v": 2,
    ".spec.items[?(@.v>1)].name": "two",
    ".spec.items[?(@.name)].v": 1,
    '.spec.items[?(@.name!="one")].v': 2,
    '.spec.items[?(@.name>="p")].name': "two",
    ".spec.items[?(@.t==true)].name": "two",
    ".spec.items[*].name": "one",
    ".spec.items[0,1].name": "one",
    ".spec.items[-1:].name": "two",
    ".spec.items[::2].name": "one",
    ".spec['a','b']": "A",
    ".spec.null": None,
    ".spec.a-b": "dash",
    ".spec.a/b": "slash",
    r".metadata.labels.app\.io/name": "L",
    r".metadata.labels['app\.io/name']": "L",
}


@pytest.mark.parametrize("path", FOUND)
def test_first_value(path: str) -> None:
    assert compiled(path)(DOCUMENT)[0] == FOUND[path]


@pytest.mark.parametrize(
    "path",
    [
        ".status.x",
        ".spec.a.b",
        ".spec.items.0",
        ".",
        ".spec.",
        ".spec.s*",
        ".spec.items[?(@.none)].v",
        ".spec.x}y",
        ".spec.list[1:1]",
    ],
)
def test_what_is_missing_is_no_value(path: str) -> None:
    assert compiled(path)(DOCUMENT) == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (".spec.list[5]", "array index out of bounds: index 5, length 3"),
        (".spec.list[0:9]", "array index out of bounds: index 8, length 3"),
        (".spec.list[2:1]", "starting index 2 is greater than ending index 1"),
        (".spec.list[0:3:0]", "step must be > 0"),
        (".spec.a[0]", "not array or slice"),
        (".spec.map[?(@.a)]", "cannot be filtered"),
        (".spec.items[?(@.v>1.5)]", "incompatible types for comparison"),
        (".spec.items[?(@.f<2)]", "incompatible types for comparison"),
        (".spec.items[?(@.t<true)]", "invalid type for comparison"),
        (".spec.items[?(@.*==1)]", "can only compare one element at a time"),
        (".spec.items[?(@.name==two)]", "unrecognized identifier two"),
    ],
)
def test_what_the_document_has_no_place_for(path: str, why: str) -> None:
    find = compiled(path)
    with pytest.raises(PathError, match=why):
        find(DOCUMENT)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (".spec.items[x]", "invalid array index x"),
        (".spec.list[-]", "array index - is not a number"),
        (".spec.list[0", "unterminated array"),
        ('.spec.items[?(@.name=="x]', "unterminated filter"),
        (".spec.items[?(@.name)x]", "unclosed array expect"),
        (".spec.items[?(@.v=!1)]", "unrecognized filter operator =!"),
        (".spec.x{y", "unrecognized character"),
        (".spec.x 1.2.3", "cannot parse number"),
        ("....a", "invalid multiple recursive descent"),
    ],
)
def test_what_is_no_path(path: str, why: str) -> None:
    with pytest.raises(PathError, match=why):
        compiled(path)


def test_all_values_in_their_order() -> None:
    assert compiled(".spec.list[*]")(DOCUMENT) == ["p", 2, 3.5]
    assert compiled(".spec.items[1,0].name")(DOCUMENT) == ["two", "one"]
    assert compiled(".spec.items[*]..v")(DOCUMENT) == [1, 2]
