"""What does not fit, in Go's words and in the order in which Go finds it."""

from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import JSONSchemaProps
from orchestrator.api.core.v1 import Container, Secret
from orchestrator.api.errors import DecodeError
from orchestrator.api.rbac.v1 import Subject

_SCHEMA = "json: cannot unmarshal {} into Go struct field JSONSchemaProps.{} of type {}"


def _words(document: dict[str, Any], type_: Any) -> str:
    with pytest.raises(DecodeError) as refused:
        codec.from_dict(document, type_)
    return refused.value.words


@pytest.mark.parametrize(
    ("cpu", "words"),
    [
        ("abc", "quantities must match the regular expression"),
        ("1..2", "quantities must match the regular expression"),
        ("1Gi-", "unable to parse quantity's suffix"),
        ("1ki", "unable to parse quantity's suffix"),
        ("1e+", "unable to parse quantity's suffix"),
    ],
)
def test_types_that_read_themselves_are_told_first(cpu: str, words: str) -> None:
    """Go notes a number that is none and reads on; what a quantity says ends its reading."""
    ports = [{"containerPort": "x"}]
    document = {"name": "c", "ports": ports, "resources": {"limits": {"cpu": cpu}}}
    assert _words(document, Container).startswith(words)


def test_of_what_does_not_fit_the_first_is_told() -> None:
    """In the order of the document."""
    found = _words({"ports": [{"containerPort": "x"}], "command": 3, "tty": "y"}, Container)
    assert found.endswith("Go struct field ContainerPort.ports.containerPort of type int32")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"additionalProperties": "x"}, "boolean or JSON schema expected"),
        ({"additionalItems": []}, "boolean or JSON schema expected"),
        ({"items": [3]}, _SCHEMA.format("number", "items", "v1.JSONSchemaProps")),
        ({"items": {"type": 3}}, _SCHEMA.format("number", "items.type", "string")),
        ({"dependencies": {"a": [3]}}, _SCHEMA.format("number", "dependencies", "string")),
        ({"enum": "x"}, _SCHEMA.format("string", "enum", "[]v1.JSON")),
        (
            {"x-kubernetes-validations": "x"},
            _SCHEMA.format("string", "x-kubernetes-validations", "v1.ValidationRules"),
        ),
    ],
)
def test_parts_of_schemas_are_read(document: dict[str, Any], words: str) -> None:
    """Those that may be something else than a schema, too."""
    assert _words(document, JSONSchemaProps) == words


def test_types_have_the_names_of_their_group() -> None:
    """A Subject of RBAC has a kind that is mere text; one of flow schemas has a type of its own."""
    assert _words({"kind": 3}, Subject).endswith("Subject.kind of type string")


def test_texts_of_bytes_are_lists_of_numbers() -> None:
    """As Go has them."""
    assert _words({"data": 1}, Secret).endswith("Secret.data of type map[string][]uint8")
