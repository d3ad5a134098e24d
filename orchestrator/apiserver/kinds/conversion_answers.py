"""What a webhook that converts has answered: the objects, or why they are none, in Kubernetes' words."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.errors import DecodeError
from orchestrator.api.meta.v1 import Status
from orchestrator.api.scalars import EMPTY
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.validation.metadata import annotation_errors, label_errors
from orchestrator.machinery.field_errors import aggregate
from orchestrator.protocol import Unclassified

_GO_TYPES: Final[Mapping[type[Any], str]] = {
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    list: "[]interface {}",
    dict: "map[string]interface {}",
    type(None): "<nil>",
}
_JSON_TYPES: Final[Mapping[type[Any], str]] = {str: "string", bool: "bool", list: "array"}


class ConversionResponse(Struct, frozen=True, rename="camel"):
    """A webhook's answer, as it writes it; the names of these two are Go's, which tells of them."""

    uid: str = ""
    converted_objects: tuple[Any, ...] = ()
    result: Status | None = None


class ConversionReview(Struct, frozen=True, rename="camel"):
    """The document around it."""

    api_version: str = ""
    kind: str = ""
    response: ConversionResponse | None = None


class NotConverted(Exception):
    """A response that is none; the text says why."""


def response_of(document: Any, review: Mapping[str, Any]) -> ConversionResponse:
    """The response to a review. Raises NotConverted."""
    version = review["apiVersion"].rpartition("/")[2]
    try:
        read = codec.decode(document, ConversionReview)
    except DecodeError as error:
        words = error.words.replace("of type conversion_answers.", f"of type {version}.")
        raise NotConverted(words) from None
    if version == "v1":
        wanted, got = (review["apiVersion"], review["kind"]), (read.api_version, read.kind)
        if got != wanted:
            raise NotConverted(
                f"expected webhook response of {wanted[0]}, Kind={wanted[1]}, "
                f"got {got[0] or '/'}, Kind={got[1]}"
            )
    response = read.response
    if response is None:
        raise NotConverted("no response provided")
    uid = review["request"]["uid"]
    if version == "v1" and response.uid != uid:
        raise NotConverted(f'expected response.uid="{uid}", got "{response.uid}"')
    result = response.result or Status()
    if result.status != "Success":
        words = f"response.result.status was '{result.status or ''}', not 'Success'"
        raise NotConverted(result.message or words)
    return response


def object_of(custom: Unstructured, answer: Any, api_version: str) -> Unstructured:
    """What became of an object, whose labels and annotations alone may change with it. Raises Unclassified."""
    said = f"conversion webhook for {custom.api_version}, Kind={custom.kind} returned invalid"
    if answer is None:
        raise Unclassified("unexpected end of JSON input")
    if not isinstance(answer, dict):
        kind = _JSON_TYPES.get(type(answer), "number")
        raise Unclassified(
            f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )
    if not answer.get("kind"):
        text = msgspec.json.encode(answer).decode()
        raise Unclassified(f"Object 'Kind' is missing in '{text}'")
    at = f"{said} object at index 0: invalid"
    for field, word, wanted in (
        ("apiVersion", "groupVersion", api_version),
        ("kind", "kind", custom.kind),
    ):
        got = answer.get(field) or ""
        if got != wanted:
            raise Unclassified(f"{at} {word} (expected {wanted}, received {got})")
    metadata = answer.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for field in ("name", "namespace", "uid"):
        mine, theirs = getattr(custom.metadata, field) or "", metadata.get(field) or ""
        if mine != theirs:
            word = "UID" if field == "uid" else field
            raise Unclassified(f"{said} object: must have the same {word}: {mine} != {theirs}")
    try:
        labels = _texts(metadata, "labels", custom.metadata.labels)
        annotations = _texts(metadata, "annotations", custom.metadata.annotations)
        found = codec.decode({**answer, "metadata": {}}, Unstructured)
    except NotConverted as error:
        raise Unclassified(f"{said} metadata: {error}") from None
    except DecodeError as error:
        raise Unclassified(f"{said} object: {error.words}") from None
    kept = replace(custom.metadata, labels=labels, annotations=annotations)
    return replace(found, metadata=kept)


def _texts(metadata: Mapping[str, Any], field: str, before: Mapping[str, str]) -> Mapping[str, str]:
    """The labels or the annotations, which are looked at where they changed. Raises NotConverted."""
    said = metadata.get(field)
    if said is None:
        return EMPTY
    if not isinstance(said, dict):
        go_type = _GO_TYPES[type(said)]
        raise NotConverted(f"invalid metadata.{field} of type {go_type} in converted object")
    for key, value in said.items():
        if not isinstance(value, str):
            go_type = _GO_TYPES[type(value)]
            raise NotConverted(
                f"metadata.{field}[{key}] must be a string, but is {go_type} in converted object"
            )
    if said == before:
        return before
    if field == "labels":
        faults = list(label_errors(said, "metadata.labels"))
    else:
        faults = list(annotation_errors(said, "metadata.annotation"))
    if faults:
        raise NotConverted(aggregate([str(each) for each in faults]))
    return said
