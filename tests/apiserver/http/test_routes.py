"""Requests that are like earlier ones lead where these led, for as long as that is there."""

from typing import Any, Final

from tests.apiserver.http.conftest import Caller

_MAPS: Final = "/api/v1/namespaces/default/configmaps"
_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_THINGS: Final = "/apis/example.org/v1/namespaces/default/things"


def _definition(*fields: str) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in fields}
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": properties}},
    }
    versions = [
        {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    ]
    names = {"plural": "things", "singular": "thing", "kind": "Thing"}
    spec = {"group": "example.org", "scope": "Namespaced", "names": names, "versions": versions}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.org"},
        "spec": spec,
    }


def _thing(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "example.org/v1",
        "kind": "Thing",
        "metadata": {"name": name},
        "spec": {"a": "1", "b": "2"},
    }


async def test_the_same_asked_of_other_objects_is_answered_of_these(call: Caller) -> None:
    """Names, parts and escapes tell paths apart that begin alike."""
    for name in ("a", "b"):
        code, made = await call("POST", _MAPS, {"metadata": {"name": name}, "data": {"is": name}})
        assert (code, made["metadata"]["name"]) == (201, name)
    for name in ("a", "b", "%61", "b"):
        code, found = await call("GET", f"{_MAPS}/{name}")
        assert (code, found["data"]["is"]) == (200, {"%61": "a"}.get(name, name))
    for path in (f"{_MAPS}/", _MAPS, f"{_MAPS}/"):
        code, found = await call("GET", path)
        assert (code, found["kind"]) == (200, "ConfigMapList")
    for path in ("/api/v1/namespaces/default", "/api/v1/namespaces/default/status"):
        for _ in range(2):
            code, found = await call("GET", path)
            assert (code, found["kind"]) == (200, "Namespace")
    code, found = await call("GET", f"{_MAPS}/a/status")
    assert (code, found["message"]) == (404, "the server could not find the requested resource")


async def test_headers_and_parameters_are_the_request_s_own(call: Caller) -> None:
    """What another one wanted of the same path is nobody else's wish."""
    document = {"metadata": {"name": "a"}, "unknown": 1}
    for directive, code in (("Ignore", 201), ("Strict", 400), ("Ignore", 201), ("Strict", 400)):
        path = f"{_MAPS}?dryRun=All&fieldValidation={directive}"
        assert (await call("POST", path, document))[0] == code
    for accept, kind in (
        ("application/json", "ConfigMap"),
        ("application/json;as=Table;g=meta.k8s.io;v=v1", "Table"),
        ("application/json", "ConfigMap"),
    ):
        code, found = await call("GET", f"{_MAPS}/kube-root-ca.crt", Accept=accept)
        assert (code, found["kind"]) == (200, kind)
    for kind, code in (("merge-patch+json", 200), ("none", 415), ("merge-patch+json", 200)):
        path, body = f"{_MAPS}/kube-root-ca.crt", b'{"data": {"x": "y"}}'
        answer, _ = await call("PATCH", path, body, Content_Type=f"application/{kind}")
        assert answer == code


async def test_a_definition_that_changes_or_goes_takes_its_routes_along(call: Caller) -> None:
    """Each request meets the definition as it is."""
    code, made = await call("POST", _DEFINITIONS, _definition("a", "b"))
    assert code == 201
    for name in ("one", "two"):
        code, found = await call("POST", _THINGS, _thing(name))
        assert (code, found["spec"]) == (201, {"a": "1", "b": "2"})
    _, made = await call("GET", f"{_DEFINITIONS}/things.example.org")
    changed = {**made, "spec": _definition("a")["spec"]}
    assert (await call("PUT", f"{_DEFINITIONS}/things.example.org", changed))[0] == 200
    code, found = await call("POST", _THINGS, _thing("three"))
    assert (code, found["spec"]) == (201, {"a": "1"})
    code, found = await call("POST", f"{_THINGS}?fieldValidation=Strict", _thing("four"))
    assert (code, "spec.b" in found["message"]) == (400, True)
    assert (await call("GET", f"{_THINGS}/one"))[0] == 200
    assert (await call("DELETE", f"{_DEFINITIONS}/things.example.org"))[0] == 200
    code, found = await call("GET", f"{_THINGS}/one")
    assert (code, found["message"]) == (404, "404 page not found")
