"""Answers of webhooks that convert: what becomes of an object, and what is no answer, in Kubernetes' words."""

from typing import Any

import pytest

from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.kinds.conversion_answers import NotConverted, object_of, response_of
from orchestrator.protocol import Unclassified

_HEAD = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview"}
_REVIEW = {**_HEAD, "request": {"uid": "u"}}
_META = {"name": "a", "namespace": "n", "uid": "7"}
_ANSWER = {"apiVersion": "x.io/v2", "kind": "X", "metadata": _META, "spec": {"b": 1}}
_SAID = "conversion webhook for x.io/v1, Kind=X returned invalid"


def _custom(**metadata: Any) -> Unstructured:
    meta = ObjectMeta(name="a", namespace="n", uid="7", generation=3, **metadata)
    return Unstructured(api_version="x.io/v1", kind="X", metadata=meta, content={"spec": {"a": 1}})


def test_labels_and_annotations_alone_change_with_an_object() -> None:
    """What else is said of its metadata is passed over; labels that are not said are taken away."""
    before = _custom(labels={"l": "1"}, finalizers=("x/y",))
    meta = {**_META, "annotations": {"k": "v"}, "generation": 9, "finalizers": []}
    after = object_of(before, {**_ANSWER, "metadata": meta}, "x.io/v2")
    assert (after.api_version, after.content) == ("x.io/v2", {"spec": {"b": 1}})
    assert (after.metadata.labels, after.metadata.annotations) == ({}, {"k": "v"})
    assert (after.metadata.generation, after.metadata.finalizers) == (3, ("x/y",))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "unexpected end of JSON input"),
        ("x", "json: cannot unmarshal string into Go value of type map[string]interface {}"),
        ({"apiVersion": "v1"}, "Object 'Kind' is missing in '{\"apiVersion\":\"v1\"}'"),
        (
            {**_ANSWER, "apiVersion": "x.io/v9"},
            f"{_SAID} object at index 0: invalid groupVersion (expected x.io/v2, received x.io/v9)",
        ),
        (
            {**_ANSWER, "kind": "Y"},
            f"{_SAID} object at index 0: invalid kind (expected X, received Y)",
        ),
        ({**_ANSWER, "metadata": "x"}, f"{_SAID} object: must have the same name: a != "),
        (
            {**_ANSWER, "metadata": {**_META, "uid": "8"}},
            f"{_SAID} object: must have the same UID: 7 != 8",
        ),
        (
            {**_ANSWER, "metadata": {**_META, "labels": {"l": 5}}},
            f"{_SAID} metadata: metadata.labels[l] must be a string, but is int64 in converted object",
        ),
        (
            {**_ANSWER, "metadata": {**_META, "annotations": "x"}},
            f"{_SAID} metadata: invalid metadata.annotations of type string in converted object",
        ),
    ],
)
def test_what_is_no_state_of_the_object_is_told(answer: Any, words: str) -> None:
    """By its form, its version and kind, whose it is, and what it says of itself."""
    with pytest.raises(Unclassified) as caught:
        object_of(_custom(), answer, "x.io/v2")
    assert str(caught.value) == words


def test_labels_that_are_none_are_told() -> None:
    """As those of an object that a client writes; what was there before is not looked at again."""
    wrong = {"l x": "1"}
    answer = {**_ANSWER, "metadata": {**_META, "labels": wrong}}
    with pytest.raises(
        Unclassified, match=r'metadata: metadata.labels: Invalid value: "l x": name part must'
    ):
        object_of(_custom(), answer, "x.io/v2")
    assert object_of(_custom(labels=wrong), answer, "x.io/v2").metadata.labels == wrong


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (None, "no response provided"),
        ({"uid": "v"}, 'expected response.uid="u", got "v"'),
        ({"uid": "u"}, "response.result.status was '', not 'Success'"),
        ({"uid": "u", "result": {"status": "Failure", "message": "no way"}}, "no way"),
        (
            {"uid": "u", "result": "x"},
            "json: cannot unmarshal string into Go struct field ConversionResponse.response.result of type v1.Status",
        ),
        (
            5,
            "json: cannot unmarshal number into Go struct field ConversionReview.response of type v1.ConversionResponse",
        ),
    ],
)
def test_what_is_no_response_is_told(response: Any, words: str) -> None:
    """Another question's, a failure, or what does not fit."""
    with pytest.raises(NotConverted) as caught:
        response_of({**_HEAD, "response": response}, _REVIEW)
    assert str(caught.value) == words
