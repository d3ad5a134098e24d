"""The scheme: from path to kind to type, and what is special about each."""

import pytest

from orchestrator.api import codec, document
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Pod
from orchestrator.api.errors import DecodeError, UnknownKind
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import DEFAULT, Resource, Scheme
from orchestrator.api.unstructured import Unstructured


def test_a_resource_is_found_by_path_kind_and_type() -> None:
    """The same one."""
    found = DEFAULT.by_path("apps", "v1", "deployments")
    assert found is DEFAULT.by_kind("apps/v1", "Deployment")
    assert found is DEFAULT.by_type(Deployment)
    assert found is not None
    assert found.namespaced
    assert found.short_names == ("deploy",)
    assert "all" in found.categories
    assert {s.name for s in found.subresources} == {"scale", "status"}
    assert {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"} == {
        *found.verbs
    }


def test_every_kind_of_the_document_that_has_a_path_is_there() -> None:
    """With its type."""
    kinds = set()
    for path, operations in document.load()["paths"].items():
        for method, (_, group, version, kind) in operations.items():
            if method == "post" and not path.rpartition("}")[2].count("/") > 1:
                kinds.add((f"{group}/{version}" if group else version, kind))
    for resource in DEFAULT.resources():
        assert resource.type.kind == resource.kind
        kinds.discard((resource.api_version, resource.kind))
    subresources = {
        (f"{s.group}/{s.version}" if s.group else s.version, s.kind)
        for r in DEFAULT.resources()
        for s in r.subresources
    }
    assert kinds <= subresources


def test_an_unknown_kind_says_so_as_kubectl_would() -> None:
    """With its version."""
    with pytest.raises(UnknownKind, match='no matches for kind "Gadget" in version "v1"'):
        DEFAULT.by_kind("v1", "Gadget")
    with pytest.raises(DecodeError, match="kind: expected the name of one"):
        codec.decode_any({"apiVersion": "v1"})


def test_custom_resources_come_and_go() -> None:
    """And have typed metadata with free content."""
    scheme = Scheme.builtin()
    resource = Resource(
        "example.com", "v1", "gadgets", "Gadget", namespaced=True, verbs=("get", "list")
    )
    scheme.register(resource)
    wire = {
        "apiVersion": "example.com/v1",
        "kind": "Gadget",
        "metadata": {"name": "g", "labels": {"a": "b"}},
        "spec": {"size": 3, "nested": {"deep": [1, None]}},
    }
    found, obj = codec.decode_any(wire, scheme)
    assert found is resource
    assert isinstance(obj, Unstructured)
    assert obj.metadata.labels == {"a": "b"}
    assert codec.to_dict(obj) == wire
    scheme.unregister(resource)
    with pytest.raises(UnknownKind):
        codec.decode_any(wire, scheme)


def test_an_object_prints_what_is_set() -> None:
    """In a log, in a notebook and in a test's message; not the empty fields of its type."""
    pod = Pod(metadata=ObjectMeta(name="a", labels={"app": "web"}))
    assert repr(pod) == "Pod(metadata=ObjectMeta(name='a', labels={'app': 'web'}))"
