"""Specs of pods apart from the names of their claims."""

from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod, PodSpec, Volume
from orchestrator.api.scheme import DEFAULT
from orchestrator.apiserver.kinds.core.pods.defaults import default_pod
from orchestrator.client.checking import checked_object
from orchestrator.machinery.claim_names import apart, named, without_names
from orchestrator.protocol import Invalid

_CONTAINER = {
    "name": "c",
    "image": "i",
    "resources": {"limits": {"cpu": "0.5"}},
    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
}


def _claim(name: Any, volume: str = "data") -> dict[str, Any]:
    return {"name": volume, "persistentVolumeClaim": {"claimName": name}}


def _pod(*volumes: dict[str, Any], **spec: Any) -> Pod:
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [_CONTAINER], "volumes": list(volumes), **spec},
    }
    return codec.decode(document, Pod)


def _spec(pod: Pod) -> PodSpec:
    assert pod.spec is not None
    return pod.spec


def _given(pod: Pod) -> PodSpec:
    """The spec that the client hands over."""
    return _spec(checked_object(pod, DEFAULT)[1])


def test_specs_that_differ_in_names_of_claims_are_one_apart_from_them() -> None:
    """As pods that a client creates with a claim each are: what is equal in them is one object."""
    first, second = _given(_pod(_claim("a"))), _given(_pod(_claim("b")))
    assert first != second
    assert first.containers is second.containers
    assert apart(first)[0] is apart(second)[0]
    assert (apart(first)[1], apart(second)[1]) == (("a",), ("b",))


@pytest.mark.parametrize(
    "other",
    [
        _pod(_claim("a", "other")),
        _pod({"name": "data", "persistentVolumeClaim": {"claimName": "a", "readOnly": True}}),
        _pod(_claim("a"), {"name": "more", "emptyDir": {}}),
        _pod(_claim("a"), hostNetwork=True),
    ],
)
def test_specs_that_differ_in_more_are_told_apart(other: Pod) -> None:
    assert apart(_given(_pod(_claim("a"))))[0] is not apart(_given(other))[0]


def test_names_are_put_back_where_they_were() -> None:
    spec = _spec(
        _pod(_claim("a"), {"name": "x", "secret": {"secretName": "s"}}, _claim("b", "two"))
    )
    bare, names = apart(spec)
    assert names == ("a", "b")
    assert named(bare, *names) == spec
    assert named(bare, "c", "d").volumes[2].persistent_volume_claim == (
        _spec(_pod(_claim("d"))).volumes[0].persistent_volume_claim
    )


def test_a_spec_without_claims_is_itself() -> None:
    for spec in (_spec(_pod()), _spec(_pod({"name": "x"})), PodSpec(), _spec(_pod(_claim("")))):
        assert apart(spec) == (spec, ())
        assert apart(spec)[0] is spec


def test_what_is_no_volume_is_left_to_who_reads_it() -> None:
    spec: Any = PodSpec(volumes=("data", Volume(persistent_volume_claim="claim")))  # type: ignore[arg-type]
    assert without_names(spec) == (spec, ())


def test_a_claim_s_name_that_is_no_text_is_refused_where_it_stands() -> None:
    good = _pod(_claim("a"))
    checked_object(good, DEFAULT)  # a spec that says the same but for the name is known
    bad = named(_spec(good), 3)
    with pytest.raises(
        Invalid, match=r"spec.volumes\[0\].persistentVolumeClaim.claimName: expected"
    ):
        checked_object(Pod(metadata=good.metadata, spec=bad), DEFAULT)


def test_defaults_are_those_of_each_pod_alone() -> None:
    volumes = (_claim("a"), {"name": "x"}, {"name": "y", "secret": {"secretName": "s"}})
    once = _spec(default_pod(_pod(*volumes)))
    again = _spec(default_pod(_pod(_claim("b"), *volumes[1:])))
    assert [volume.name for volume in again.volumes] == ["data", "x", "y"]
    assert again.volumes[0].persistent_volume_claim == (
        _spec(_pod(_claim("b"))).volumes[0].persistent_volume_claim
    )
    assert again.volumes[1:] == once.volumes[1:]
    assert again.volumes[1].empty_dir is not None
    assert again.containers[0].resources is not None
    assert again.containers[0].resources.requests == {"cpu": "500m"}
