"""Fields that stand twice in a document."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.codec import loads
from orchestrator.apiserver.http.strictness import duplicate_fields

_NAMES = st.sampled_from(("a", "b", "c:", "\\u003a", "é", ":"))
_SCALARS = st.sampled_from((None, True, 1, -2.5, 10**30, "", "a:b", "\\", '":"', "\u2028"))
_Pairs = list[tuple[str, Any]]  # of an object, as it is written


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pairs = st.lists(st.tuples(_NAMES, inner), max_size=4)
    return pairs.map(tuple) | st.lists(inner, max_size=3)


_DOCUMENTS = st.recursive(_SCALARS, _objects, max_leaves=12)


def _text(value: Any, *, escaped: bool) -> str:
    """JSON of a value, whose objects are tuples of pairs; colons in its texts may be escaped."""
    if isinstance(value, tuple):
        pairs = (f"{_text(k, escaped=escaped)} : {_text(v, escaped=escaped)}" for k, v in value)
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_text(each, escaped=escaped) for each in value) + "]"
    text = json.dumps(value)
    return text.replace(":", "\\u003A") if escaped else text


def _repeated(value: Any, at: str) -> list[str]:
    """The paths of what stands twice, found by hand."""
    if isinstance(value, list):
        return [path for i, each in enumerate(value) for path in _repeated(each, f"{at}[{i}]")]
    found: list[str] = []
    for number, (name, inner) in enumerate(value if isinstance(value, tuple) else ()):
        where = f"{at}.{name}" if at else name
        if name in [earlier for earlier, _ in value[:number]]:
            found.append(where)
        found += _repeated(inner, where)
    return found


@given(_DOCUMENTS, st.booleans())
def test_whatever_stands_twice_is_found(document: Any, escaped: bool) -> None:
    """However its texts are written, a document's repeated fields are named by their paths, each once."""
    data = _text(document, escaped=escaped).encode()
    assert duplicate_fields(data, loads(data)) == tuple(dict.fromkeys(_repeated(document, "")))


def test_what_only_another_decoder_reads_is_looked_at_too() -> None:
    """A half of a surrogate pair, which is no Unicode, hides no repetition."""
    twice, once = b'{"a": "\\ud800", "b": 1, "b": 2}', b'{"a": "\\ud800", "b": 1}'
    assert duplicate_fields(twice, loads(twice)) == ("b",)
    assert duplicate_fields(once, loads(once)) == ()
