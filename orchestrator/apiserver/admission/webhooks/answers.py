"""What a webhook's server answered: the document that it is, or why it is none, in the words of Go's client."""

import json
from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api import codec
from orchestrator.api.errors import DecodeError
from orchestrator.machinery.errors import ManifestError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.yaml_documents import first_document

_NO_KIND: Final = (
    "couldn't get version/kind; json parse error: json: cannot unmarshal {kind} into Go value of type "
    'struct {{ APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }}'
)
# Where Go's client makes the scheme that it reads answers by.
_SCHEME: Final = "k8s.io/apiserver/pkg/util/webhook/client.go:71"
_VERSIONS: Final = ("v1", "v1beta1")


class CallFailed(Exception):
    """A webhook could not be asked, or its answer is none; the text says why."""


def document_of(code: int, content_type: str, body: bytes) -> Mapping[str, Any]:
    """The document of an answer with that code. Raises CallFailed."""
    if _has_no_value(content_type):
        raise CallFailed("Internal error occurred: mime: invalid media parameter")
    if not 200 <= code <= _PARTIAL:
        raise CallFailed(_refusal(code, content_type.partition(";")[0].strip(), body))
    if not body:
        kind = content_type or "application/json"
        raise CallFailed(f"0-length response with status code: {code} and content type: {kind}")
    document = _decoded(body)
    if isinstance(document, dict):
        return document
    kind = {list: "array", str: "string", bool: "bool"}.get(type(document), "number")
    raise CallFailed(_NO_KIND.format(kind=kind))


def check_review(document: Mapping[str, Any], group: str, version: str, kind: str) -> None:
    """A document that says its kind must say that of the review, in the version asked. Raises CallFailed."""
    said_version, said_kind = document.get("apiVersion") or "", document.get("kind") or kind
    if not isinstance(said_version, str) or not isinstance(said_kind, str):
        wrong = said_version if not isinstance(said_version, str) else said_kind
        field = "apiVersion" if wrong is said_version else "kind"
        said = {list: "array", dict: "object", bool: "bool"}.get(type(wrong), "number")
        raise CallFailed(
            f"couldn't get version/kind; json parse error: json: cannot unmarshal {said} "
            f"into Go struct field .{field} of type string"
        )
    if said_version.count("/") > 1:
        raise CallFailed(f"unexpected GroupVersion string: {said_version}")
    if said_version in ("", f"{group}/{version}") and said_kind == kind:
        return
    said_version = said_version or f"{group}/{version}"
    known = [(f"{group}/{each}", kind) for each in _VERSIONS]
    if (said_version, said_kind) in (*known, ("v1", "Status")):
        last = said_version.rpartition("/")[2]
        raise CallFailed(
            f"converting ({last}.{said_kind}) to ({version}.{kind}): unknown conversion"
        )
    raise CallFailed(
        f"no kind {quote(said_kind)} is registered for version {quote(said_version)} "
        f"in scheme {quote(_SCHEME)}"
    )


def _decoded(body: bytes) -> Any:
    """As Kubernetes' decoder: what does not begin as an object is taken for YAML."""
    if body.lstrip().startswith(b"{"):
        try:
            return codec.loads(body)
        except DecodeError as error:
            words = error.message
            raise CallFailed(f"couldn't get version/kind; json parse error: {words}") from None
    try:
        found = first_document(body.decode(errors="replace"), "body", [])
    except ManifestError as error:
        raise CallFailed(f"yaml: {error.words}") from None
    return {} if found is None else found


def _has_no_value(content_type: str) -> bool:
    """Whether Go would find a parameter that is none."""
    _, *parameters = content_type.rstrip("; ").split(";")
    return any("=" not in each for each in parameters)


# --- words ---------------------------------------------------------------------------------

_STATUS_WORDS: Final[Mapping[int, str]] = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    409: "the server reported a conflict",
    422: "the server rejected our request due to an error in our request",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, "
    "but may still be processing the request",
}
_NOT_ACCEPTABLE: Final = (
    "the server was unable to respond with a content type that the client supports"
)
_PARTIAL: Final = 206
_SERVER_FAULT: Final = 500
_MOST: Final = 2048  # bytes of an answer that are repeated


def _refusal(code: int, content_type: str, body: bytes) -> str:
    """What an answer with an error's code says: its Status's message, or what is said of the code."""
    try:
        status = json.loads(body)
    except ValueError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        return str(status.get("message") or "")
    said = "unknown"
    if content_type.startswith("text/"):
        said = body[:_MOST].decode(errors="replace").strip()
    if code in (403, 415):
        return said
    if code == 406:
        return _NOT_ACCEPTABLE if said in ("", "unknown") else said
    if code in _STATUS_WORDS:
        return _STATUS_WORDS[code]
    if code >= _SERVER_FAULT:
        return f"an error on the server ({quote(said)}) has prevented the request from succeeding"
    return f"the server responded with the status code {code} but did not return more information"
