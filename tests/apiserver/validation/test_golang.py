"""Objects as complaints print them."""

from typing import Any

import msgspec
import pytest

from orchestrator.api.apps.v1 import DeploymentStrategy, RollingUpdateDeployment
from orchestrator.api.core import v1
from orchestrator.api.core.v1 import (
    Capabilities,
    Container,
    EmptyDirVolumeSource,
    PodSpec,
    PodTemplateSpec,
    SecurityContext,
    Volume,
    VolumeMount,
)
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.api.policy.v1 import PodDisruptionBudgetSpec
from orchestrator.api.rbac.v1 import RoleRef
from orchestrator.apiserver.validation import golang
from orchestrator.apiserver.validation.golang_pods import CORE_FIELDS

_OF_HOST = {"HostNetwork", "HostPID", "HostIPC", "ShareProcessNamespace", "HostUsers"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DeploymentStrategy(), '{"Type":"","RollingUpdate":null}'),
        (
            DeploymentStrategy(rolling_update=RollingUpdateDeployment(max_surge="5%")),
            '{"Type":"","RollingUpdate":{"MaxUnavailable":null,"MaxSurge":"5%"}}',
        ),
        (
            PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"b": "1", "a": "2"})),
            '{"MinAvailable":null,"Selector":{"matchLabels":{"a":"2","b":"1"}},'
            '"MaxUnavailable":null,"UnhealthyPodEvictionPolicy":null}',
        ),
        (
            RoleRef(api_group="a", kind="b", name="c"),
            '{"APIGroup":"a","Kind":"b","Name":"c"}',
        ),
        (Capabilities(add=("A",)), '{"Add":["A"],"Drop":null}'),
        ({"b": "1", "a": "2"}, '{"a":"2","b":"1"}'),
        ({}, "null"),
    ],
)
def test_structs_have_the_names_and_the_order_of_go(value: Any, expected: str) -> None:
    """Every field is there, and maps are sorted."""
    assert msgspec.json.encode(golang.as_go(value)).decode() == expected


@pytest.mark.parametrize("kind", [*golang._FIELDS, *golang._WIRE])
def test_every_field_that_is_printed_is_there(kind: type[Any]) -> None:
    """A field's name in Go leads to one of Python's."""
    assert golang.as_go(kind()) is not None


def test_security_contexts_name_what_is_spelt_in_capitals() -> None:
    """Go's SELinuxOptions are ours, too."""
    printed = golang.as_go(SecurityContext(privileged=True))
    assert printed["Privileged"] is True
    assert printed["SELinuxOptions"] is None


def test_templates_of_pods_are_printed_whole() -> None:
    """With the zero values of Go, and the host's namespaces in the security context."""
    container = Container(
        name="c", image="i", volume_mounts=(VolumeMount(mount_path="/", name="v"),)
    )
    volume = Volume(name="v", empty_dir=EmptyDirVolumeSource())
    spec = PodSpec(containers=(container,), volumes=(volume,), host_network=True)
    printed = golang.as_go(PodTemplateSpec(metadata=ObjectMeta(labels={"a": "b"}), spec=spec))
    assert [*printed] == ["labels", "Spec"]
    pod = printed["Spec"]
    assert [*pod][:4] == ["Volumes", "InitContainers", "Containers", "EphemeralContainers"]
    assert pod["Volumes"][0]["EmptyDir"] == {"Medium": "", "SizeLimit": None}
    (found,) = pod["Containers"]
    assert found["Resources"] == {"Limits": None, "Requests": None, "Claims": None}
    assert found["VolumeMounts"][0]["ReadOnly"] is False
    assert [*pod["SecurityContext"]][:2] == ["HostNetwork", "HostPID"]
    assert pod["SecurityContext"]["HostNetwork"] is True


@pytest.mark.parametrize("name", [*CORE_FIELDS])
def test_fields_of_pods_are_ours(name: str) -> None:
    """But for those of the host, which Kubernetes keeps elsewhere inside of it."""
    kind = getattr(v1, name, None)
    if kind is not None:
        unknown = {field for field, _ in golang._fields(kind) or () if field != "*"}
        unknown = {field for field in unknown if golang._attribute(kind, field) is None}
        assert unknown <= (_OF_HOST if kind is v1.PodSecurityContext else set())


def test_labels_come_before_annotations() -> None:
    """As Go declares them, whatever the alphabet says."""
    metadata = ObjectMeta(annotations={"x": "1"}, labels={"b": "1", "a": "2"}, finalizers=("f",))
    printed = golang.as_go(PodTemplateSpec(metadata=metadata))
    assert (
        msgspec.json.encode(printed)
        .decode()
        .startswith('{"labels":{"a":"2","b":"1"},"annotations":{"x":"1"},"finalizers":["f"],')
    )
