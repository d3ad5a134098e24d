"""Metadata, which every kind has."""

from typing import Any

import pytest

from orchestrator.api.apps.v1 import ReplicaSet
from orchestrator.api.core.v1 import ConfigMap, Event, LimitRange, Namespace, Service
from orchestrator.api.policy.v1 import PodDisruptionBudget
from orchestrator.api.rbac.v1 import Role
from tests.apiserver.validation.support import GONE, edit, faults, update_faults

CONFIG: dict[str, Any] = {"metadata": {"name": "settings", "namespace": "default"}}

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {"metadata.name": GONE},
            ["metadata.name: Required value: name or generateName is required"],
        ),
        ({"metadata.name": "Web"}, [f'metadata.name: Invalid value: "Web": {SUBDOMAIN}']),
        (
            {"metadata.generateName": "-a-"},
            [f'metadata.generateName: Invalid value: "-a-": {SUBDOMAIN}'],
        ),
        ({"metadata.generateName": "web-"}, []),
        ({"metadata.namespace": GONE}, ["metadata.namespace: Required value"]),
        (
            {"metadata.namespace": "a.b"},
            ['metadata.namespace: Invalid value: "a.b": must not contain dots'],
        ),
        (
            {"metadata.labels": {"app": "no spaces"}},
            [f'metadata.labels: Invalid value: "no spaces": {LABEL_VALUE}'],
        ),
        ({"metadata.labels": {"app.kubernetes.io/name": "web"}}, []),
        ({"metadata.annotations": {"Any.Case": "and any text"}}, []),
        (
            {"metadata.annotations": {"big": "x" * (256 * 1024)}},
            ["metadata.annotations: Too long: may not be more than 262144 bytes"],
        ),
        ({"metadata.ownerReferences": [OWNER]}, []),
        (
            {"metadata.ownerReferences": [{**OWNER, "apiVersion": "", "uid": ""}]},
            [
                'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
                'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
            ],
        ),
        ({"metadata.finalizers": ["example.com/wait", "foregroundDeletion"]}, []),
        (
            {"metadata.finalizers": ["wait"]},
            [
                'metadata.finalizers[0]: Invalid value: "wait": name is neither a standard '
                "finalizer name nor is it fully qualified"
            ],
        ),
    ],
)
def test_new_objects(changes: dict[str, Any], expected: list[str]) -> None:
    """Names, labels, annotations, owners and finalizers have their rules."""
    assert faults(ConfigMap, edit(CONFIG, changes)) == expected


def test_one_controller() -> None:
    """An object has at most one controller."""
    owners = [{**OWNER, "controller": True}, {**OWNER, "name": "other", "controller": True}]
    (fault,) = faults(ConfigMap, edit(CONFIG, {"metadata.ownerReferences": owners}))
    assert fault.startswith("metadata.ownerReferences: Invalid value: [{")
    assert fault.endswith(
        ": Only one reference can have Controller set to true. "
        'Found "true" in references for ReplicaSet/web and ReplicaSet/other'
    )


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (Service, "1st", ""),
        (Service, "a.b", "must not contain dots"),
        (Namespace, "a.b", "must not contain dots"),
        (Role, "a/b", "may not contain '/'"),
        (Role, "system:Any.Thing", ""),
    ],
)
def test_names_keep_the_rule_of_the_kind(kind: type[Any], name: str, expected: str) -> None:
    """A service is a label, a namespace a DNS label, a role any part of a path."""
    namespace = {} if kind is Namespace else {"namespace": "default"}
    found = faults(kind, {"metadata": {"name": name, **namespace}})
    named = [line for line in found if line.startswith("metadata.name: ")]
    if expected:
        assert expected in named[0]
    else:
        assert named == []


def test_cluster_objects_have_no_namespace() -> None:
    """Kinds outside of namespaces may not name one."""
    found = faults(Namespace, {"metadata": {"name": "a", "namespace": "b"}})
    assert found == ["metadata.namespace: Forbidden: not allowed on this type"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"metadata.uid": "v"}, ['metadata.uid: Invalid value: "v": field is immutable']),
        ({"metadata.uid": GONE}, []),
        ({"metadata.name": "b"}, ['metadata.name: Invalid value: "b": field is immutable']),
        (
            {"metadata.generation": 1},
            ["metadata.generation: Invalid value: 1: must not be decremented"],
        ),
        (
            {"metadata.finalizers": ["a.b/c", "a.b/d"]},
            [
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is "
                'being deleted, found new finalizers []string{"a.b/d"}'
            ],
        ),
    ],
)
def test_updates(changes: dict[str, Any], expected: list[str]) -> None:
    """What the server stamped stays; a dying object gets no new finalizers; each is told twice."""
    old = edit(
        CONFIG,
        {
            "metadata.uid": "u",
            "metadata.generation": 2,
            "metadata.deletionTimestamp": "2024-01-01T00:00:00Z",
            "metadata.finalizers": ["a.b/c"],
        },
    )
    assert update_faults(ConfigMap, edit(old, changes), old) == expected * 2


@pytest.mark.parametrize(
    ("kind", "labels", "finalizers"),
    [
        (ConfigMap, 4, 2),
        (ReplicaSet, 3, 2),
        (LimitRange, 3, 1),
        (PodDisruptionBudget, 2, 1),
    ],
)
def test_faults_are_told_as_often_as_they_are_looked_for(
    kind: type[Any], labels: int, finalizers: int
) -> None:
    """Every update's metadata is judged as a whole and as a change, and by most kinds again."""
    metadata = edit(CONFIG, {"metadata.deletionTimestamp": "2024-01-01T00:00:00Z"})["metadata"]
    old = {"metadata": {**metadata, "finalizers": ["a.b/c"]}}
    if kind is ReplicaSet:
        old["spec"] = {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "a", "image": "a"}]},
            },
        }
    found = update_faults(kind, edit(old, {"metadata.labels": {"a b": ""}}), old)
    assert [line.partition(":")[0] for line in found] == ["metadata.labels"] * labels
    found = update_faults(kind, edit(old, {"metadata.finalizers": ["a.b/c", "a.b/d"]}), old)
    assert [line.partition(":")[0] for line in found] == ["metadata.finalizers"] * finalizers


@pytest.mark.parametrize("kind", [Event, PodDisruptionBudget])
def test_kinds_that_do_not_ask_again_take_any_name_and_finalizer(kind: type[Any]) -> None:
    """What is judged of every object's metadata is all that is judged of theirs."""
    named = {"name": "Any_Name", "namespace": "default", "finalizers": ["unqualified"]}
    assert not [line for line in faults(kind, {"metadata": named}) if line.startswith("metadata")]
    wrong = {**named, "name": "a/b"}
    assert [line for line in faults(kind, {"metadata": wrong}) if line.startswith("metadata")]
