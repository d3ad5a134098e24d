"""Custom resources as clients meet them, from the definition on."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator import Cluster
from tests.apiserver.http.conftest import caller

_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_THINGS: Final = "/apis/example.com/v1/namespaces/default/things"
_MERGE: Final = {"Content_Type": "application/merge-patch+json"}

Call = Any


def definition(spec: dict[str, Any], **version: Any) -> dict[str, Any]:
    """Things, with properties of their spec, and what a version has beside its schema."""
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    properties = {"spec": {"type": "object", "properties": spec}, "status": status}
    schema = {"openAPIV3Schema": {"type": "object", "properties": properties}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": schema, **version}
            ],
        },
    }


def thing(name: str, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A custom resource."""
    head = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name}}
    return {**head, "spec": spec, **more}


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Call]:
    """Asks a cluster as its administrator."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        async with caller(front, front.pki.admin, tmp_path) as ask:
            yield ask


async def test_what_the_schema_does_not_name_is_told_of(call: Call) -> None:
    """Strictly it is refused, with what metadata does not have; else it is dropped."""
    size = {"size": {"type": "integer"}}
    await call("POST", _DEFINITIONS, definition(size))
    wrong = thing("a", {"size": 1, "colour": "red"})
    wrong["metadata"] |= {"nonsense": 1, "labelz": 2}
    code, status = await call("POST", f"{_THINGS}?fieldValidation=Strict", wrong)
    assert code == 400
    assert status["message"] == (
        'Thing in version "v1" cannot be handled as a Thing: strict decoding error: '
        'unknown field "metadata.labelz", unknown field "metadata.nonsense", unknown field "spec.colour"'
    )
    code, made = await call("POST", f"{_THINGS}?fieldValidation=Warn", wrong)
    assert (code, made["spec"]) == (201, {"size": 1})
    patch = {"spec": {"colour": "red"}}
    code, status = await call("PATCH", f"{_THINGS}/a?fieldValidation=Strict", patch, **_MERGE)
    assert code == 422
    assert 'strict decoding error: unknown field "spec.colour"' in status["message"]


async def test_embedded_resources_have_kind_and_metadata(call: Call) -> None:
    """Of their own, judged like those of a whole object."""
    embedded = {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True,
    }
    await call("POST", _DEFINITIONS, definition({"object": embedded}))
    code, status = await call("POST", _THINGS, thing("a", {"object": {"x": 1}}))
    assert code == 422
    assert status["message"] == (
        'Thing.example.com "a" is invalid: '
        "[spec.object.apiVersion: Required value, spec.object.kind: Required value]"
    )
    inner = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "A_", "strange": 1}}
    code, made = await call("POST", _THINGS, thing("a", {"object": inner}))
    assert (code, made["spec"]["object"]["metadata"]) == (201, {"name": "A_"})
    inner = {"apiVersion": "v1", "kind": "X", "metadata": {"labels": {"a": "b c"}}}
    code, status = await call("POST", _THINGS, thing("b", {"object": inner}))
    assert code == 422
    assert status["details"]["causes"][0]["field"] == "spec.object.metadata.labels"
    inner = {"apiVersion": "v1", "kind": "X", "metadata": "none"}
    code, status = await call("POST", _THINGS, thing("c", {"object": inner}))
    assert code == 400
    assert status["message"].endswith(
        'spec.object.metadata: Invalid value: "none": '
        "json: cannot unmarshal string into Go value of type v1.ObjectMeta"
    )


async def test_a_rule_that_takes_too_long_is_a_fault_of_the_object(call: Call) -> None:
    """Told of in the original's words for a rule that costs too much, where an object is too large."""
    rule = {"rule": "self.all(x, x > 0 && x < 9 && x != 5 && x + 1 > 0)"}
    items = {"type": "array", "items": {"type": "integer"}, "maxItems": 100_000}
    numbers = {**items, "x-kubernetes-validations": [rule]}
    await call("POST", _DEFINITIONS, definition({"numbers": numbers}))
    code, status = await call("POST", _THINGS, thing("a", {"numbers": [1] * 100_000}))
    assert code == 422
    assert status["message"].endswith(
        "spec.numbers: Invalid value: \"array\": 'operation cancelled: actual cost limit exceeded': no further "
        "validation rules will be run due to call cost exceeds limit for rule: self.all(x, x > 0 && x < 9 && x != 5 && x + 1 > 0)"
    )
    code, _ = await call("POST", _THINGS, thing("a", {"numbers": [1] * 20_000}))
    assert code == 201


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            "self.any + 1 > 0",
            "'no such overload': call arguments did not match a supported operator, function or macro "
            "signature for rule: self.any + 1 > 0",
        ),
        ("self.none > 0", "no such key: none evaluating rule: self.none > 0"),
    ],
)
async def test_a_rule_without_value_is_named(call: Call, rule: str, words: str) -> None:
    """By its text, where it has no message."""
    spec = definition({"any": {"x-kubernetes-int-or-string": True}, "none": {"type": "integer"}})
    version = spec["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    version["x-kubernetes-validations"] = [{"rule": rule}]
    await call("POST", _DEFINITIONS, spec)
    code, status = await call("POST", _THINGS, thing("a", {"any": "x"}))
    assert code == 422
    assert status["message"].endswith(f'Invalid value: "object": {words}')


async def test_another_kind_is_one_fault(call: Call) -> None:
    """Nothing else is told of such an object."""
    await call("POST", _DEFINITIONS, definition({}))
    wrong = {**thing("a", {}), "kind": "Other"}
    code, status = await call("POST", _THINGS, wrong)
    assert code == 422
    assert status["message"] == (
        'Other.example.com "a" is invalid: kind: Invalid value: "Other": must be Thing'
    )


async def test_a_scale_stands_where_the_definition_says(call: Call) -> None:
    """It is read, set where there was none, and owned; a negative one is refused."""
    scale = {
        "specReplicasPath": ".spec.deep.wanted",
        "statusReplicasPath": ".status.there",
        "labelSelectorPath": ".status.selector",
    }
    deep = {"type": "object", "properties": {"wanted": {"type": "integer"}}}
    parts = {"subresources": {"status": {}, "scale": scale}}
    await call("POST", _DEFINITIONS, definition({"deep": deep}, **parts))
    await call("POST", _THINGS, thing("a", {}))
    code, status = await call("GET", f"{_THINGS}/a/scale")
    assert code == 500
    assert status["message"] == (
        'Internal error occurred: the spec replicas field ".spec.deep.wanted" does not exist'
    )
    code, status = await call("PATCH", f"{_THINGS}/a/scale", {"metadata": {}}, **_MERGE)
    assert code == 400
    assert status["message"] == 'the spec replicas field ".spec.deep.wanted" cannot be empty'
    code, found = await call("PATCH", f"{_THINGS}/a/scale", {"spec": {"replicas": 3}}, **_MERGE)
    assert (code, found["kind"], found["spec"]) == (200, "Scale", {"replicas": 3})
    _, found = await call("GET", f"{_THINGS}/a")
    assert (found["spec"], found["metadata"]["generation"]) == ({"deep": {"wanted": 3}}, 2)
    patch = {"status": {"there": 2, "selector": "a=b"}}
    await call("PATCH", f"{_THINGS}/a/status", patch, **_MERGE)
    _, found = await call("GET", f"{_THINGS}/a/scale")
    assert found["status"] == {"replicas": 2, "selector": "a=b"}
    code, status = await call("PATCH", f"{_THINGS}/a/scale", {"spec": {"replicas": -1}}, **_MERGE)
    assert code == 422
    assert ".spec.deep.wanted: Invalid value: -1: should be a non-negative" in status["message"]


async def test_selectable_fields_select(call: Call) -> None:
    """Lists and watches; another field is refused."""
    fields = {"selectableFields": [{"jsonPath": ".spec.colour"}]}
    await call("POST", _DEFINITIONS, definition({"colour": {"type": "string"}}, **fields))
    for name, colour in (("a", "red"), ("b", "blue")):
        await call("POST", _THINGS, thing(name, {"colour": colour}))
    _, found = await call("GET", f"{_THINGS}?fieldSelector=spec.colour%3Dred")
    assert [each["metadata"]["name"] for each in found["items"]] == ["a"]
    code, status = await call("GET", f"{_THINGS}?fieldSelector=spec.size%3D1")
    assert code == 400
    assert status["message"].endswith("field label not supported: spec.size")


async def test_a_status_is_not_put_blindly(call: Call) -> None:
    """The writer must say which state it knows."""
    await call("POST", _DEFINITIONS, definition({}, subresources={"status": {}}))
    await call("POST", _THINGS, thing("a", {}))
    code, status = await call("PUT", f"{_THINGS}/a/status", thing("a", {}, status={"b": 1}))
    assert code == 422
    assert status["message"] == (
        'things.example.com "a" is invalid: '
        "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
    )


def versions(*, served: bool = True) -> dict[str, Any]:
    """Things in v1, which are stored and have a colour, and in the older v1beta1, which have a size."""
    found = definition({"colour": {"type": "string", "default": "red"}})
    old = definition({"size": {"type": "integer", "default": 1}})["spec"]["versions"][0]
    old |= {"name": "v1beta1", "storage": False, "served": served, "deprecated": True}
    found["spec"]["versions"].append(old)
    return found


async def test_each_version_has_a_schema_of_its_own(call: Call) -> None:
    """By it objects are judged; what the stored version's schema does not name is read in none."""
    await call("POST", _DEFINITIONS, versions())
    old = {**thing("a", {"size": 3}), "apiVersion": "example.com/v1beta1"}
    path = _THINGS.replace("/v1/", "/v1beta1/")
    async with call.send("POST", f"{path}?fieldValidation=Strict", old) as answer:
        assert answer.status == 201
        assert answer.headers.getall("Warning") == [
            '299 - "example.com/v1beta1 Thing is deprecated; use example.com/v1 Thing"'
        ]
        assert (await answer.json())["spec"] == {}
    _, found = await call("GET", f"{_THINGS}/a")
    assert (found["apiVersion"], found["spec"]) == ("example.com/v1", {"colour": "red"})
    _, found = await call("GET", path)
    assert found["items"][0]["spec"] == {}
    code, status = await call(
        "POST", path, {**old, "metadata": {"name": "b"}, "spec": {"size": ""}}
    )
    assert code == 422
    assert "spec.size in body must be of type integer" in status["message"]


async def test_an_apply_in_another_version_meets_defaults_as_in_its_own(call: Call) -> None:
    """A list that is replaced whole has no defaults yet, so it differs from the one that another manager owns."""
    member = {"name": {"type": "string"}, "weight": {"type": "integer", "default": 1}}
    parents = {"type": "array", "items": {"type": "object", "properties": member}}
    both = definition({"parents": parents})
    [first] = both["spec"]["versions"]
    both["spec"]["versions"].append({**first, "name": "v2", "storage": False})
    await call("POST", _DEFINITIONS, both)
    code, _ = await call(
        "POST", f"{_THINGS}?fieldManager=a", thing("a", {"parents": [{"name": "x"}]})
    )
    assert code == 201
    applied = {"Content_Type": "application/apply-patch+yaml"}
    for version in ("v1", "v2"):
        wanted = {
            **thing("a", {"parents": [{"name": "x"}]}),
            "apiVersion": f"example.com/{version}",
        }
        path = _THINGS.replace("v1", version)
        code, status = await call("PATCH", f"{path}/a?fieldManager=b", wanted, **applied)
        assert code == 409
        assert status["message"] == (
            'Apply failed with 1 conflict: conflict with "a" using example.com/v1: .spec.parents'
        )


async def test_a_null_that_is_applied_is_not_kept(call: Call) -> None:
    """Where any value may be but null: it is owned, and each time it is applied it counts as a change."""
    anything = {"x-kubernetes-preserve-unknown-fields": True}
    await call(
        "POST", _DEFINITIONS, definition({"any": anything, "null": {**anything, "nullable": True}})
    )
    applied = {"Content_Type": "application/apply-patch+yaml"}
    for code, generation in ((201, 1), (200, 2), (200, 3)):
        wanted = thing("a", {"any": None, "null": None})
        found, made = await call("PATCH", f"{_THINGS}/a?fieldManager=b", wanted, **applied)
        assert (found, made["metadata"]["generation"]) == (code, generation)
        assert made["spec"] == {"null": None}
        assert made["metadata"]["managedFields"][0]["fieldsV1"] == {
            "f:spec": {"f:any": {}, "f:null": {}}
        }


async def test_a_default_that_comes_later_is_read(call: Call) -> None:
    """Of objects that were there before; they are written with it when they are written."""
    await call("POST", _DEFINITIONS, definition({"size": {"type": "integer"}}))
    await call("POST", _THINGS, thing("a", {}))
    _, found = await call("GET", f"{_DEFINITIONS}/things.example.com")
    found["spec"]["versions"] = definition({"size": {"type": "integer", "default": 5}})["spec"][
        "versions"
    ]
    code, _ = await call("PUT", f"{_DEFINITIONS}/things.example.com", found)
    assert code == 200
    _, found = await call("GET", f"{_THINGS}/a")
    assert found["spec"] == {"size": 5}


async def test_finalizers_without_a_path_are_odd(call: Call) -> None:
    """They may have any name; those that are added are told of."""
    await call("POST", _DEFINITIONS, definition({}))
    new = thing("a", {})
    new["metadata"]["finalizers"] = ["mine", "example.com/mine"]
    async with call.send("POST", _THINGS, new) as answer:
        assert answer.status == 201
        (warning,) = answer.headers.getall("Warning")
        assert "prefer a domain-qualified finalizer name to avoid" in warning


async def test_what_is_let_pass_is_told_of_though_the_write_is_refused(call: Call) -> None:
    """What a rule says of parts that stay as they were, beside what is wrong with the others; of a status, too."""
    properties: dict[str, Any] = {"size": {"type": "integer"}, "colour": {"type": "string"}}
    await call("POST", _DEFINITIONS, definition(properties))
    await call("POST", _THINGS, thing("a", {"size": 1}))
    _, found = await call("GET", f"{_DEFINITIONS}/things.example.com")
    properties["size"]["x-kubernetes-validations"] = [{"rule": "self > 5", "message": "small"}]
    properties["colour"]["maxLength"] = 1
    found["spec"]["versions"] = definition(properties)["spec"]["versions"]
    await call("PUT", f"{_DEFINITIONS}/things.example.com", found)
    patch = {"spec": {"colour": "red"}}
    merge = {"Content_Type": "application/merge-patch+json"}
    async with call.send("PATCH", f"{_THINGS}/a", patch, **merge) as answer:
        assert answer.status == 422
        assert "some validation rules were not checked" in (await answer.json())["message"]
    properties["colour"] = {"type": "string", "pattern": "^b"}
    _, found = await call("GET", f"{_DEFINITIONS}/things.example.com")
    found["spec"]["versions"] = definition(properties)["spec"]["versions"]
    await call("PUT", f"{_DEFINITIONS}/things.example.com", found)
    async with call.send("PATCH", f"{_THINGS}/a", patch, **merge) as answer:
        assert answer.status == 422
        (warning,) = answer.headers.getall("Warning")
        assert warning == '299 - "spec.size: Invalid value: 1: small"'


async def test_keys_that_stand_twice_are_told_of(call: Call) -> None:
    """In what is applied by their lines, in patches by their paths; the last one counts."""
    path = "/api/v1/namespaces/default/configmaps/a?fieldManager=m"
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: one\n  a: two\n"
    applied = {"Content_Type": "application/apply-patch+yaml"}
    code, status = await call("PATCH", f"{path}&fieldValidation=Strict", text, **applied)
    assert code == 400
    assert status["message"] == (
        "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n"
        '  line 7: key "a" already set in map'
    )
    code, made = await call("PATCH", path, text, **applied)
    assert (code, made["data"]) == (201, {"a": "two"})
    patch = b'{"data":{"a":"1","a":"2"}}'
    code, status = await call("PATCH", f"{path}&fieldValidation=Strict", patch, **_MERGE)
    assert code == 422
    assert 'strict decoding error: duplicate field "data.a"' in status["message"]
    code, made = await call("PATCH", f"{path}&fieldValidation=Warn", patch, **_MERGE)
    assert (code, made["data"]) == (200, {"a": "2"})


async def test_nothing_begins_while_a_definition_ends(call: Call) -> None:
    """What holds it can still be changed; discovery says what is left, and of a change at once."""
    await call("POST", _DEFINITIONS, definition({}))
    held = thing("a", {})
    held["metadata"]["finalizers"] = ["example.com/x"]
    await call("POST", _THINGS, held)
    names = {"spec": {"names": {"shortNames": ["th"]}}}
    await call("PATCH", f"{_DEFINITIONS}/things.example.com", names, **_MERGE)
    _, found = await call("GET", "/apis/example.com/v1")
    assert found["resources"][0]["shortNames"] == ["th"]
    await call("DELETE", f"{_DEFINITIONS}/things.example.com")
    code, status = await call("POST", _THINGS, thing("b", {}))
    assert (code, status["message"]) == (
        403,
        'things.example.com "b" is forbidden: '
        "create not allowed while custom resource definition is terminating",
    )
    _, found = await call("GET", "/apis/example.com/v1")
    assert found["resources"][0]["verbs"] == ["delete", "deletecollection", "get", "list", "watch"]
    free = {"metadata": {"finalizers": None}}
    code, _ = await call("PATCH", f"{_THINGS}/a", free, **_MERGE)
    assert code == 200
    code, _ = await call("GET", f"{_DEFINITIONS}/things.example.com")
    assert code == 404


async def test_a_status_has_its_default_from_the_beginning(call: Call) -> None:
    """Whoever creates an object has no say in its status, but the schema has: it is read at once."""
    made = definition({}, subresources={"status": {}})
    properties = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    properties["status"] = {
        "type": "object",
        "default": {"phase": "Unknown"},
        "properties": {"phase": {"type": "string"}},
    }
    await call("POST", _DEFINITIONS, made)
    _, created = await call("POST", _THINGS, thing("a", {}, status={"phase": "Mine"}))
    assert created["status"] == {"phase": "Unknown"}
    _, listed = await call("GET", _THINGS)
    assert listed["items"][0]["status"] == {"phase": "Unknown"}
    _, changed = await call("PATCH", f"{_THINGS}/a", {"spec": {}}, **_MERGE)
    assert changed["status"] == {"phase": "Unknown"}
    _, known = await call("PATCH", f"{_THINGS}/a/status", {"status": {"phase": "B"}}, **_MERGE)
    assert known["status"] == {"phase": "B"}


@pytest.mark.parametrize(
    ("method", "path", "code", "message"),
    [
        ("GET", f"{_THINGS}/a/scale", 404, 'things.example.com "a" not found'),
        ("GET", f"{_THINGS}?fieldSelector=a%3Db", 400, "field label not supported: a"),
        ("PUT", _THINGS, 400, "name must be provided"),
        (
            "DELETE",
            f"{_THINGS}/a/status",
            405,
            'delete is not supported on resources of kind "things.example.com"',
        ),
        ("GET", "/apis/example.com/v1/things/a", 404, "404 page not found"),
        ("GET", "/apis/example.com/v1/others", 404, "404 page not found"),
        ("PUT", "/apis/example.com/v1/things", 404, "404 page not found"),
    ],
)
async def test_one_handler_has_the_paths_of_custom_resources(
    call: Call, method: str, path: str, code: int, message: str
) -> None:
    """So what is wrong with a path or a method is said in its words, not in those of a route."""
    await call("POST", _DEFINITIONS, definition({}, subresources={"status": {}}))
    await call("POST", _THINGS, thing("a", {}))
    found, status = await call(method, path)
    assert (found, status["message"]) == (code, message)


@pytest.mark.parametrize("media", ["application/json", "application/strategic-merge-patch+json"])
async def test_a_patch_of_another_format_names_those_that_there_are(call: Call, media: str) -> None:
    """A custom resource knows three."""
    await call("POST", _DEFINITIONS, definition({}))
    code, status = await call("PATCH", f"{_THINGS}/a", {}, Content_Type=media)
    assert code == 415
    assert status["message"].endswith(
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    )


async def test_a_custom_resource_is_no_list(call: Call) -> None:
    """It has no type of its own inside, and who wants it as a list learns of a failure."""
    await call("POST", _DEFINITIONS, definition({}))
    await call("POST", _THINGS, thing("a", {}))
    shape = "application/json;as={};v=v1;g=meta.k8s.io"
    code, status = await call(
        "GET", f"{_THINGS}/a", Accept=shape.format("PartialObjectMetadataList")
    )
    assert (code, status["message"]) == (500, "content is not a list")
    code, status = await call("GET", _THINGS, Accept=shape.format("PartialObjectMetadata"))
    assert code == 406
    assert status["message"].endswith("a list (*unstructured.UnstructuredList)")


@pytest.mark.parametrize(
    ("content_type", "patch", "spec"),
    [
        ("merge-patch", {"spec": {"x": {"c": 1, "b": [{"z": 1, "y": 2}]}}}, '"x":{"b":[{"y":2,"z":1}],"c":1}'),
        ("json-patch", [{"op": "add", "path": "/spec/x", "value": {"c": "<", "b": 2}}], '"x":{"c":"\\u003c","b":2}'),
    ],
)  # fmt: skip
async def test_what_a_refused_patch_makes_is_shown_whole(
    call: Call, content_type: str, patch: Any, spec: str
) -> None:
    """With its managers, and in the order of Go's JSON: what a JSON patch adds keeps its own."""
    await call("POST", _DEFINITIONS, definition({"b": {"type": "string"}, "a": {"type": "string"}}))
    await call("POST", _THINGS, thing("t", {"b": "1", "a": "2"}))
    media = {"Content_Type": f"application/{content_type}+json"}
    code, status = await call("PATCH", f"{_THINGS}/t?fieldValidation=Strict", patch, **media)
    assert code == 422
    [cause] = status["details"]["causes"]
    shown, _, why = cause["message"].removeprefix("Invalid value: ").rpartition(": strict ")
    text = json.loads(shown)
    assert text.startswith('{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"creation')
    assert '"managedFields":[{"apiVersion":"example.com/v1",' in text
    assert text.endswith(f'"spec":{{"a":"2","b":"1",{spec}}}}}')
    assert why.endswith('unknown field "spec.x"')


async def test_a_number_is_no_truth(call: Call) -> None:
    """Where true stood, 1 is a change: one that is refused, or is written and owned."""
    kept = {"x-kubernetes-preserve-unknown-fields": True}
    await call("POST", _DEFINITIONS, definition({"on": {"type": "boolean"}, "any": kept}))
    await call("POST", _THINGS, thing("t", {"on": True, "any": True}))
    code, status = await call("PATCH", f"{_THINGS}/t", {"spec": {"on": 1}}, **_MERGE)
    assert (code, status["details"]["causes"][0]["field"]) == (422, "spec.on")
    patch, another = {"spec": {"any": 1}}, f"{_THINGS}/t?fieldManager=another"
    code, found = await call("PATCH", another, patch, **_MERGE)
    assert (code, found["metadata"]["generation"]) == (200, 2)
    assert found["spec"]["any"] is not True
    owners = {each["manager"]: each["fieldsV1"] for each in found["metadata"]["managedFields"]}
    assert owners["another"] == {"f:spec": {"f:any": {}}}
