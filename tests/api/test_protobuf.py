"""Protobuf bodies: real ones become the documents that JSON would have been; hostile ones errors."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api import protobuf, protobuf_writer
from orchestrator.api.errors import DecodeError, UnknownKind


def _envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    meta = _field(1, api_version.encode()) + _field(2, kind.encode())
    return protobuf.MAGIC + _field(1, meta) + _field(2, raw)


def _field(number: int, data: bytes) -> bytes:
    assert len(data) < 0x4000
    size = (
        bytes([len(data)]) if len(data) < 0x80 else bytes([len(data) & 0x7F | 0x80, len(data) >> 7])
    )
    return bytes([number << 3 | 2]) + size + data


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def _number(number: int, value: int) -> bytes:
    return bytes([number << 3, value])


def test_scalars_of_go_that_are_zero_were_not_set() -> None:
    """Unless they are pointers."""
    metadata = _field(1, b"web") + _field(3, b"")
    spec = _number(1, 0) + _number(5, 0) + _number(7, 0)  # replicas, minReadySeconds, paused
    raw = _field(1, metadata) + _field(2, spec)
    assert protobuf.decode(_envelope("apps/v1", "Deployment", raw)) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 0},
    }


def test_types_with_a_json_of_their_own() -> None:
    """Time, quantity, int-or-string, maps, bytes, messages that stand inline."""
    port = _number(3, 80) + _field(4, _number(1, 0) + _number(2, 90))
    named = _number(3, 81) + _field(4, _number(1, 1) + _field(3, b"http"))
    created = _field(8, _number(1, 5) + _number(2, 0))
    raw = _field(1, created) + _field(2, _field(1, port) + _field(1, named))
    service = protobuf.decode(_envelope("v1", "Service", raw))
    assert service["metadata"] == {"creationTimestamp": "1970-01-01T00:00:05Z"}
    assert [p["targetPort"] for p in service["spec"]["ports"]] == [90, "http"]

    entry = _field(1, b"key") + _field(2, b"\x00\xff")
    secret = protobuf.decode(_envelope("v1", "Secret", _field(2, entry)))
    assert secret["data"] == {"key": "AP8="}

    limits = _field(1, _field(1, b"cpu") + _field(2, _field(1, b"100m")))
    quota = protobuf.decode(_envelope("v1", "ResourceQuota", _field(2, limits)))
    assert quota["spec"] == {"hard": {"cpu": "100m"}}

    volume = _field(1, b"data") + _field(2, _field(2, b""))
    pod = protobuf.decode(_envelope("v1", "Pod", _field(2, _field(1, volume))))
    assert pod["spec"]["volumes"] == [{"name": "data", "emptyDir": {}}]


def test_a_year_has_four_digits() -> None:
    """Go's zero time and what follows it are written as every other time."""
    since = _number(1, 0)[:1] + _varint(-62135596800 + 2)
    spec = _field(3, since) + _field(4, since + _number(2, 0)[:1] + _varint(5000))
    lease = protobuf.decode(_envelope("coordination.k8s.io/v1", "Lease", _field(2, spec)))
    assert lease["spec"]["acquireTime"] == "0001-01-01T00:00:02.000000Z"
    assert lease["spec"]["renewTime"] == "0001-01-01T00:00:02.000005Z"


def test_what_is_unknown_is_skipped() -> None:
    """A newer client's fields, of every wire type."""
    unknown = _number(15, 1) + bytes([14 << 3 | 5]) + b"1234" + bytes([13 << 3 | 1]) + b"12345678"
    found = protobuf.decode(_envelope("v1", "ConfigMap", unknown))
    assert found == {"apiVersion": "v1", "kind": "ConfigMap"}


def test_a_kind_without_a_protobuf_form_is_unknown() -> None:
    """It is not guessed at."""
    with pytest.raises(UnknownKind):
        protobuf.decode(_envelope("example.com/v1", "Gadget", b""))


HOSTILE: list[Any] = [
    b"",
    b"{}",
    b"k8s\x00",
    protobuf.MAGIC + b"\xff" * 20,
    protobuf.MAGIC + _field(1, b"\x0a\x7f"),
    _envelope("v1", "Pod", b"\x0a\xff\xff\xff\xff\x0f"),
    _envelope("v1", "Pod", b"\x0b"),
    _envelope("v1", "Pod", _number(1, 7)),
    _envelope("v1", "Pod", _field(1, _field(1, b"\xff\xfe"))),
    _envelope("v1", "Event", _field(6, _number(1, 1) + b"\x08" + b"\xff" * 8 + b"\x7f")),
]


@pytest.mark.parametrize("data", HOSTILE)
def test_hostile_bytes_are_an_error(data: bytes) -> None:
    """One that can be told to the client."""
    with pytest.raises((DecodeError, UnknownKind)):
        protobuf.decode(data)


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(data: bytes) -> None:
    """Whatever they are."""
    for kind in ("Pod", "Service", "Deployment"):
        version = "apps/v1" if kind == "Deployment" else "v1"
        try:
            document = protobuf.decode(_envelope(version, kind, data))
        except (DecodeError, UnknownKind):
            continue
        assert document["kind"] == kind


def test_schemas_of_definitions_are_read_and_written() -> None:
    """Numbers with fractions, free values, what is a schema or something else, and names that only JSON has."""
    schema = {
        "type": "object",
        "$schema": "https://json-schema.org",
        "x-kubernetes-preserve-unknown-fields": True,
        "required": ["a"],
        "properties": {
            "a": {"type": "number", "minimum": 0.5, "maximum": 2, "default": {"b": [1, None]}},
            "b": {"enum": ["x", 1, None], "items": {"type": "string"}},
            "c": {"items": [{"type": "string"}, {"type": "integer"}]},
            "d": {"additionalProperties": {"type": "string"}},
            "e": {"additionalProperties": True},
            "f": {"dependencies": {"x": ["y"], "z": {"type": "object"}}},
            "g": {"x-kubernetes-validations": [{"rule": "true", "optionalOldSelf": False}]},
        },
    }
    version = {"name": "v1", "served": True, "schema": {"openAPIV3Schema": schema}}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "versions": [version]},
    }
    assert protobuf.decode(protobuf_writer.encode(body)) == body
