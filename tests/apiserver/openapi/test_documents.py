"""The documents beside the original's; see `fingerprints` for how they are compared."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator.api.generate.names import type_name
from orchestrator.api.scheduling.v1alpha2 import POD_GROUPS
from orchestrator.api.scheme import Resource, Scheme, Subresource
from orchestrator.apiserver.openapi import schemas
from orchestrator.apiserver.openapi.documents import Documents, Own, openapi_of
from tests.apiserver.openapi.fingerprints import ORIGINAL, fingerprint

_ORIGINAL: Final[Mapping[str, Mapping[str, str]]] = json.loads(ORIGINAL.read_text())
# Where the documents differ, and why. The list can only shrink.
_DIFFERENT: Final[Mapping[str, Mapping[str, str]]] = {
    # References of fields that have no sentence stand bare there, which means the same.
    "apis/networking.k8s.io/v1": {"io.k8s.api.networking.v1.IngressRule": "bare references"},
    "apis/apiextensions.k8s.io/v1": {
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps": "bare references",
    },
}
_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "port": {"x-kubernetes-int-or-string": True},
                "rest": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        }
    },
}


@pytest.fixture(scope="module")
def documents() -> Documents:
    """Of the built-in resources."""
    return Documents(Scheme.builtin())


def _custom(**options: Any) -> Resource:
    verbs = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
    status = Subresource(
        "status", "stable.example.com", "v1", "CronTab", ("get", "patch", "update")
    )
    return Resource(
        "stable.example.com",
        "v1",
        "crontabs",
        "CronTab",
        namespaced=True,
        verbs=verbs,
        subresources=(status,),
        **options,
    )


def _differences(part: str, document: Mapping[str, Any]) -> set[str]:
    mine, original = fingerprint(document), _ORIGINAL[part]
    return {name for name in mine.keys() | original.keys() if mine.get(name) != original.get(name)}


def test_version_2_says_what_the_original_says(documents: Documents) -> None:
    """Paths, operations with parameters, bodies and answers, and every definition."""
    assert _differences("v2", documents.version_2()) == set()


@pytest.mark.parametrize("part", sorted(_ORIGINAL.keys() - {"v2"}))
def test_version_3_says_what_the_original_says(documents: Documents, part: str) -> None:
    """Defaults, and patch strategies beside references, too: kubectl merges by them."""
    document = documents.version_3(part)
    assert document is not None
    assert _differences(part, document) == _DIFFERENT.get(part, {}).keys()


def test_version_3_has_a_document_of_each_group_and_version(documents: Documents) -> None:
    """And of the paths of discovery."""
    assert set(documents.parts()) == _ORIGINAL.keys() - {"v2"}


def test_a_custom_resource_is_described_whole() -> None:
    """Its paths, its schema with what every object has, and its list."""
    routes, definitions, schemas = openapi_of(_custom(), Own(_SCHEMA))
    ids = {each.id for route in routes for each in route.operations.values()}
    assert "listStableExampleComV1CronTabForAllNamespaces" in ids
    assert "patchStableExampleComV1NamespacedCronTabStatus" in ids
    assert not any("/watch/" in route.path for route in routes)
    shape = schemas["com.example.stable.v1.CronTab"]
    assert shape["required"] == ["spec"]
    assert shape["properties"]["metadata"]["allOf"][0]["$ref"].endswith("meta.v1.ObjectMeta")
    assert shape["properties"]["spec"]["properties"]["size"]["minimum"] == 1
    assert shape["x-kubernetes-group-version-kind"][0]["kind"] == "CronTab"
    items = definitions["com.example.stable.v1.CronTabList"]["properties"]["items"]
    assert items["items"] == {"$ref": "#/definitions/com.example.stable.v1.CronTab"}


def test_ids_of_operations_are_names_in_programs() -> None:
    """What no name holds is left out, and the letter after the group's and version's is a capital."""
    verbs = ("get", "list")
    kind = Resource("3d.my-stable.io", "v1", "tabs", "cron-tab", namespaced=True, verbs=verbs)
    routes, *_ = openapi_of(kind, Own(_SCHEMA))
    ids = {each.id for route in routes for each in route.operations.values()}
    assert "listDMyStableIoV1CronTabForAllNamespaces" in ids
    assert "readDMyStableIoV1NamespacedcronTab" in ids


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ({"type": "string", "pattern": "a|b", "maxLength": 0}, None),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True, "enum": [1]}, None),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, None),
        ({"type": "object", "additionalProperties": True, "maxProperties": 1}, None),
        ({"type": "string", "default": "a", "uniqueItems": False}, {"type": "string"}),
        ({"type": "string", "nullable": True, "pattern": "a"}, {"pattern": "a"}),
        (
            {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}], "maxLength": 1},
            {"x-kubernetes-int-or-string": True, "maxLength": 1},
        ),
        (
            {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
            },
            {"x-kubernetes-preserve-unknown-fields": True, "required": ["a"]},
        ),
        (
            {
                "type": "object",
                "required": ["a", "b"],
                "properties": {"a": {"type": "string", "nullable": True}, "b": {}},
            },
            {"type": "object", "required": ["b"], "properties": {"a": {}, "b": {}}},
        ),
    ],
)
def test_version_2_leaves_out_what_it_cannot_say(
    written: dict[str, Any], published: dict[str, Any] | None
) -> None:
    """Defaults, nulls and alternatives, and what is inside of what takes anything."""
    schema = {"type": "object", "properties": {"spec": written}}
    _, definitions, _ = openapi_of(_custom(), Own(schema))
    found = definitions["com.example.stable.v1.CronTab"]["properties"]["spec"]
    assert found == (published or written)


@pytest.mark.parametrize("dialect", ["definitions", "schemas"])
def test_an_embedded_object_has_what_every_object_has(dialect: str) -> None:
    """Its kind and version are required."""
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "x-kubernetes-embedded-resource": True}},
    }
    found = getattr(openapi_of(_custom(), Own(schema)), dialect)
    spec = found["com.example.stable.v1.CronTab"]["properties"]["spec"]
    assert spec["required"] == ["kind", "apiVersion"]
    assert set(spec["properties"]) == {"apiVersion", "kind", "metadata"}


def test_fields_to_select_by_are_told() -> None:
    """Of the kind and of its list."""
    _, definitions, schemas = openapi_of(_custom(), Own(_SCHEMA, ("spec.size",)))
    for shape in (*definitions.values(), *schemas.values()):
        assert shape["x-kubernetes-selectable-fields"] == [{"fieldPath": "spec.size"}]


def test_a_custom_resource_without_schema_is_an_object() -> None:
    """Of which nothing else is known, so that clients refuse nothing."""
    _, _, schemas = openapi_of(_custom())
    shape = schemas["com.example.stable.v1.CronTab"]
    assert shape["type"] == "object"
    assert "properties" not in shape


def test_custom_groups_stand_in_the_index_as_soon_as_they_are_served() -> None:
    """With all the shapes that they refer to."""
    scheme = Scheme.builtin()
    scheme.register(_custom())
    documents = Documents(scheme, lambda resource: Own(None if resource.module else _SCHEMA))
    assert "apis/stable.example.com/v1" in documents.parts()
    assert documents.is_custom("apis/stable.example.com/v1")
    assert not documents.is_custom("apis/apps/v1")
    document = documents.version_3("apis/stable.example.com/v1")
    assert document is not None
    assert "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" in document["components"]["schemas"]


def test_sentences_are_about_fields_that_there_are(documents: Documents) -> None:
    """Each stands at its field, so that `kubectl explain` shows it; none is left over."""
    definitions = {
        ".".join(type_name(name)): shape
        for name, shape in documents.version_2()["definitions"].items()
    }
    sentences = json.loads((Path(schemas.__file__).parent / "sentences.json").read_text())
    for name, fields in sentences.items():
        for field, sentence in fields.items() if name != "*" else ():
            assert definitions[name]["properties"][field]["description"] == sentence, (name, field)
    assert definitions["core.v1.Pod"]["properties"]["spec"]["description"] == sentences["*"]["spec"]


def test_every_field_has_a_sentence(documents: Documents) -> None:
    """But for those of volumes whose place CSI drivers have taken: of these the name is explained."""
    definitions = documents.version_2()["definitions"]
    untold = {
        name
        for name in definitions
        if name.endswith("VolumeSource") and _is_deprecated(name, definitions)
    }
    assert len(untold) == 25
    for name in definitions.keys() - untold:
        for field, value in definitions[name].get("properties", {}).items():
            assert value.get("description"), (name, field)


def _is_deprecated(name: str, definitions: Mapping[str, Any]) -> bool:
    """Whether pods or volumes that name such a source are told so."""
    told = [
        value["description"]
        for kind in ("Volume", "PersistentVolumeSpec")
        for value in definitions[f"io.k8s.api.core.v1.{kind}"]["properties"].values()
        if value.get("$ref") == f"#/definitions/{name}"
    ]
    return any(sentence.startswith("Deprecated") for sentence in told)


def test_a_default_may_be_false_or_empty() -> None:
    """What else is false or empty in a schema was not said."""
    fields = {
        "group": {"type": "string", "default": "", "format": ""},
        "on": {"type": "boolean", "default": False, "nullable": False},
    }
    _, _, shapes = openapi_of(_custom(), Own({"type": "object", "properties": fields}))
    written = shapes["com.example.stable.v1.CronTab"]["properties"]
    assert written["group"] == {"type": "string", "default": ""}
    assert written["on"] == {"type": "boolean", "default": False}


def test_kinds_behind_gates_take_anything() -> None:
    """The original's document does not describe them; kubectl must be able to write them nevertheless."""
    scheme = Scheme.builtin()
    scheme.serve(POD_GROUPS)
    documents = Documents(scheme)
    part = documents.version_3("apis/scheduling.k8s.io/v1alpha2")
    assert part is not None
    (shape,) = (
        each
        for name, each in part["components"]["schemas"].items()
        if name.endswith("v1alpha2.PodGroup")
    )
    assert set(shape["properties"]) == {"apiVersion", "kind", "metadata", "spec", "status"}
    paths = documents.version_2()["paths"]
    assert any("/v1alpha2/" in path and "podgroups" in path for path in paths)
