"""Documents are read as Go's decoder reads them, and refused in its words."""

from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.apps.v1 import Deployment, StatefulSet
from orchestrator.api.certificates.v1 import CertificateSigningRequest
from orchestrator.api.core.v1 import ConfigMap, Event, LimitRange, Pod, Secret, Service
from orchestrator.api.errors import DecodeError
from orchestrator.api.times import read_time

_CANNOT = "json: cannot unmarshal "


@pytest.mark.parametrize(
    ("kind", "document", "words"),
    [
        (
            Deployment,
            {"spec": {"replicas": 99999999999}},
            f"{_CANNOT}number 99999999999 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            Deployment,
            {"spec": {"replicas": 1.5}},
            f"{_CANNOT}number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            Pod,
            {"spec": {"terminationGracePeriodSeconds": 10**20}},
            f"{_CANNOT}number {10**20} into Go struct field "
            "PodSpec.spec.terminationGracePeriodSeconds of type int64",
        ),
        (
            Pod,
            {"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}},
            f"{_CANNOT}string into Go struct field "
            "ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            Pod,
            {"metadata": {"labels": ["a"]}},
            f"{_CANNOT}array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
        (
            Pod,
            {"metadata": "x"},
            f"{_CANNOT}string into Go struct field Pod.metadata of type v1.ObjectMeta",
        ),
        (
            ConfigMap,
            {"data": {"a": 1}},
            f"{_CANNOT}number into Go struct field ConfigMap.data of type string",
        ),
        (
            CertificateSigningRequest,
            {"spec": {"extra": {"a": "b"}}},
            f"{_CANNOT}string into Go struct field CertificateSigningRequestSpec.spec.extra of type v1.ExtraValue",
        ),
        (
            Event,
            {"firstTimestamp": "x"},
            'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
        ),
        (
            LimitRange,
            {"spec": {"limits": [{"max": {"cpu": "x"}}]}},
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (Secret, {"data": {"a": "not base64!"}}, "illegal base64 data at input byte 3"),
        (
            Secret,
            {"data": {"a": ["x"]}},
            "json: cannot unmarshal string into Go struct field Secret.data of type uint8",
        ),
        (
            Secret,
            {"data": {"a": [1, 300]}},
            "json: cannot unmarshal number 300 into Go struct field Secret.data of type uint8",
        ),
        (
            Service,
            {"spec": {"ports": [{"targetPort": 2**31}]}},
            f"{_CANNOT}number 2147483648 into Go struct field "
            "ServicePort.spec.ports.targetPort of type int32",
        ),
        (
            Service,
            {"spec": {"type": 1, "ipFamilies": [1]}},
            f"{_CANNOT}number into Go struct field ServiceSpec.spec.type of type v1.ServiceType",
        ),
        (
            Service,
            {"spec": {"ipFamilies": [1]}},
            f"{_CANNOT}number into Go struct field ServiceSpec.spec.ipFamilies of type v1.IPFamily",
        ),
        (
            LimitRange,
            {"spec": {"limits": [{"max": 1}]}},
            f"{_CANNOT}number into Go struct field LimitRangeItem.spec.limits.max of type v1.ResourceList",
        ),
        (
            Pod,
            {"spec": {"volumes": [{"hostPath": {"type": 1}}]}},
            f"{_CANNOT}number into Go struct field "
            "HostPathVolumeSource.spec.volumes.VolumeSource.hostPath.type of type v1.HostPathType",
        ),
        (
            Pod,
            {"metadata": {"creationTimestamp": 1}},
            f"{_CANNOT}number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_gos_words(
    kind: type[Any], document: dict[str, Any], words: str
) -> None:
    """Which name the innermost struct and the fields on the way, without indexes and keys."""
    with pytest.raises(DecodeError) as refused:
        codec.from_dict(document, kind)
    assert refused.value.words == words


def test_a_null_is_the_empty_value_of_its_type_wherever_it_stands() -> None:
    """However many there are: templates that leave values empty write them."""
    env = [{"name": f"v{number}", "value": None} for number in range(1000)]
    containers = [{"name": "c", "env": env, "ports": None}, None]
    pod = codec.from_dict(
        {
            "metadata": {"labels": {"a": None}, "annotations": None},
            "spec": {"containers": containers},
        },
        Pod,
    )
    assert pod.metadata.labels == {"a": ""}
    assert pod.spec is not None
    first, second = pod.spec.containers
    assert (len(first.env), first.env[7].value, second.name) == (1000, "", "")


def test_bytes_may_be_a_list_of_numbers() -> None:
    """Go reads them so, and writes Base64."""
    assert codec.from_dict({"data": {"a": [104, 105, None]}}, Secret).data == {"a": "aGkA"}


def test_templates_of_other_kinds_may_say_what_they_are() -> None:
    """A claim in a StatefulSet's list is a kind of its own."""
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "d"}}
    document = {"spec": {"volumeClaimTemplates": [claim]}}
    _, unknown = codec.decode_noting(document, StatefulSet)
    assert unknown == ()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2024-01-01T02:00:00+02:00", "2024-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00.123456789Z", "2024-01-01T00:00:00Z"),
        ("0001-01-01T02:00:00+01:00", "0001-01-01T01:00:00Z"),
    ],
)
def test_times_are_read_in_every_form_and_kept_in_one(text: str, read: str) -> None:
    """Whole seconds in UTC."""
    assert read_time(text) == read


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", 'cannot parse "" as "2006"'),
        ("2024-13-01T00:00:00Z", "month out of range"),
        ("2024-02-30T00:00:00Z", "day out of range"),
        ("2024-01-01", 'cannot parse "" as "T"'),
        ("2024-01-01T00:00:00", 'cannot parse "" as "Z07:00"'),
        ("2024-01-01T00:00:00Zx", 'extra text: "x"'),
    ],
)
def test_what_is_no_time_is_refused_as_go_does(text: str, why: str) -> None:
    """By the first element of the layout that does not stand there."""
    with pytest.raises(ValueError, match=r"^parsing time") as refused:
        read_time(text)
    assert str(refused.value).endswith(why)


def test_a_zero_that_go_cannot_tell_from_absent_is_absent() -> None:
    """Numbers and truth values that are no pointers; of pointers a zero says something."""
    spec = {"hostNetwork": False, "enableServiceLinks": False, "priority": 0, "containers": []}
    read = codec.decode({"spec": spec}, Pod)
    assert read.spec is not None
    assert (read.spec.host_network, read.spec.enable_service_links) == (None, False)
    assert read.spec.priority == 0
    with pytest.raises(DecodeError):
        codec.decode({"spec": {"hostNetwork": 0}}, Pod)
