"""What is written in protobuf is read back as the same document."""

from random import Random
from typing import Any

import pytest

from orchestrator.api import codec, protobuf, protobuf_writer
from orchestrator.api.errors import UnknownKind
from orchestrator.api.scheme import DEFAULT
from tests.api.drawing import DEFINITIONS, draw_definition


def _kinds() -> list[tuple[str, str, str]]:
    return [
        (f"{gvk['group']}/{gvk['version']}".lstrip("/"), gvk["kind"], name)
        for name, schema in sorted(DEFINITIONS.items())
        for gvk in schema.get("x-kubernetes-group-version-kind", ())
        if protobuf_writer.has_form(f"{gvk['group']}/{gvk['version']}".lstrip("/"), gvk["kind"])
    ]


def _without_false(value: Any) -> Any:
    """To Go a flag that is no pointer and false was not set."""
    if isinstance(value, dict):
        return {k: _without_false(v) for k, v in value.items() if v is not False}
    return [_without_false(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(3))
def test_every_kind_survives_the_way_there_and_back(seed: int) -> None:
    """Whatever is in it."""
    random = Random(seed)
    for api_version, kind, name in _kinds():
        document = {"apiVersion": api_version, "kind": kind} | draw_definition(name, random)
        read = protobuf.decode(protobuf_writer.encode(document))
        type_ = _type(api_version, kind)
        if type_ is None:
            continue
        one, other = (codec.to_dict(codec.from_dict(each, type_)) for each in (read, document))
        assert _without_false(one) == _without_false(other), kind


def _type(api_version: str, kind: str) -> type[Any] | None:
    try:
        return DEFAULT.by_kind(api_version, kind).type
    except UnknownKind:
        return None


def test_a_kind_without_numbers_is_not_written() -> None:
    """A custom resource has no protobuf form."""
    with pytest.raises(UnknownKind):
        protobuf_writer.encode({"apiVersion": "example.com/v1", "kind": "Thing"})
