"""Answers of webhooks' servers: which documents they are, and why others are none, in the words of Go's client."""

import base64
from typing import Any

import pytest

from orchestrator.apiserver.admission.webhooks.answers import CallFailed, document_of
from orchestrator.apiserver.admission.webhooks.reviews import Review, answered

_V1 = "admission.k8s.io/v1"
_HEAD = {"apiVersion": _V1, "kind": "AdmissionReview"}
_SCHEME = 'in scheme "k8s.io/apiserver/pkg/util/webhook/client.go:71"'
_UNKIND = (
    "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of type "
    'struct {{ APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }}'
)


@pytest.mark.parametrize(
    ("code", "content_type", "body", "words"),
    [
        (
            200,
            "",
            b"",
            "0-length response with status code: 200 and content type: application/json",
        ),
        (204, "text/x", b"", "0-length response with status code: 204 and content type: text/x"),
        (200, "", b"hey", _UNKIND.format("string")),
        (200, "", b"[]", _UNKIND.format("array")),
        (200, "", b"5", _UNKIND.format("number")),
        (200, "", b"a: b: c", "yaml: mapping values are not allowed in this context"),
        (200, "a;;b", b"{}", "Internal error occurred: mime: invalid media parameter"),
        (
            207,
            "",
            b"{}",
            "the server responded with the status code 207 but did not return more information",
        ),
        (404, "", b'{"kind": "Status", "code": 404}', ""),
        (403, "text/plain", b" no \n", "no"),
    ],
)
def test_what_is_no_document_is_told(code: int, content_type: str, body: bytes, words: str) -> None:
    """By its code, its media type or its text."""
    with pytest.raises(CallFailed) as caught:
        document_of(code, content_type, body)
    assert str(caught.value) == words


@pytest.mark.parametrize("body", [b" ", b"null", b"response:\n", b"{}"])
def test_yaml_is_read_too(body: bytes) -> None:
    """Whatever the media type says; an empty one is a document of nothing."""
    assert not document_of(200, "application/json; charset=utf-8", body).get("response")


def _read(document: dict[str, Any]) -> Any:
    return answered(Review("u", "v1", {}), document, mutating=True)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            {"apiVersion": "v1", "kind": "Pod"},
            f'no kind "Pod" is registered for version "v1" {_SCHEME}',
        ),
        ({"kind": "Foo"}, f'no kind "Foo" is registered for version "{_V1}" {_SCHEME}'),
        ({"apiVersion": "a/b/c"}, "unexpected GroupVersion string: a/b/c"),
        (
            {**_HEAD, "apiVersion": f"{_V1}beta1"},
            "converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion",
        ),
        (
            {"apiVersion": "v1", "kind": "Status"},
            "converting (v1.Status) to (v1.AdmissionReview): unknown conversion",
        ),
        (
            {**_HEAD, "response": 5},
            "json: cannot unmarshal number into Go struct field AdmissionReview.response "
            "of type v1.AdmissionResponse",
        ),
        (
            {**_HEAD, "response": {"allowed": "yes"}},
            "json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool",
        ),
        (
            {**_HEAD, "response": {"uid": 5}},
            "json: cannot unmarshal number into Go struct field AdmissionResponse.response.uid of type types.UID",
        ),
        ({**_HEAD, "response": {"patch": "!"}}, "illegal base64 data at input byte 0"),
    ],
)
def test_what_is_no_review_is_told(document: dict[str, Any], words: str) -> None:
    """By its version and kind, or the field that does not fit."""
    with pytest.raises(CallFailed) as caught:
        _read(document)
    assert str(caught.value) == f"failed to call webhook: {words}"


def test_nulls_are_what_is_not_said() -> None:
    """A response that allows null allows nothing; fields that nobody knows are passed over."""
    response = {"uid": "u", "allowed": None, "warnings": None, "strange": 1}
    found = _read({**_HEAD, "response": response})
    assert (found.allowed, found.warnings) == (False, None)


def test_a_patch_is_read() -> None:
    """From base64."""
    patch = base64.b64encode(b"[]").decode()
    response = {"uid": "u", "allowed": True, "patch": patch, "patchType": "JSONPatch"}
    assert _read({**_HEAD, "response": response}).patch == b"[]"
