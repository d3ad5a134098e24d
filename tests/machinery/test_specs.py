"""Specs that say the same are one object."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api import codec
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, Pod
from orchestrator.api.errors import DecodeError
from orchestrator.machinery.specs import decode_noting

_CONTAINER = st.fixed_dictionaries(
    {"name": st.sampled_from(("a", "b"))},
    optional={
        "image": st.sampled_from(("i", None)),
        "imag": st.just("typo"),
        "resources": st.sampled_from(({}, {"requests": {"cpu": 1}}, {"requests": {"cpu": "1"}})),
        "ports": st.just([{"containerPort": "not a number"}]),
    },
)
_SPEC = st.none() | st.fixed_dictionaries(
    {"containers": st.lists(_CONTAINER, max_size=2)}, optional={"nodeNam": st.just("typo")}
)
_PODS = st.fixed_dictionaries(
    {"metadata": st.fixed_dictionaries({"name": st.text(max_size=3)})},
    optional={"spec": _SPEC, "statu": st.just({}), "status": st.just({"phase": "Pending"})},
)


def _read(read: Any, document: dict[str, Any]) -> Any:
    try:
        return read(document, Pod)
    except DecodeError as error:
        return str(error)


@given(st.lists(_PODS, max_size=3))
def test_sharing_changes_nothing_that_is_read(documents: list[dict[str, Any]]) -> None:
    """Object, unknown fields and refusals are those of a decoder that remembers nothing."""
    for document in (*documents, *documents):
        assert _read(decode_noting, document) == _read(codec.decode_noting, document)


def test_equal_specs_become_one() -> None:
    """Also of other names, and never one of another kind, or one of which a field was dropped."""
    spec = {"containers": [{"name": "shared", "image": "i"}]}
    first, second = (decode_noting({"metadata": {"name": n}, "spec": spec}, Pod)[0] for n in "ab")
    assert first.spec is second.spec
    other = decode_noting({"spec": {"template": {"spec": spec}}}, Deployment)[0]
    assert other.spec != first.spec
    typo = {"spec": {**spec, "typo": 1}}
    assert decode_noting(typo, Pod)[1] == decode_noting(typo, Pod)[1] == ("spec.typo",)


@pytest.mark.parametrize("document", [{"data": {"a": "b"}}, {"data": {}, "spec": {}}])
def test_kinds_without_a_spec_are_read_as_ever(document: dict[str, Any]) -> None:
    """There is nothing to share, and a field of that name is unknown."""
    assert decode_noting(document, ConfigMap) == codec.decode_noting(document, ConfigMap)
