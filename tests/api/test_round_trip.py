"""Nothing is lost between the wire and the types, for every definition of the document."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.api import codec
from orchestrator.api.apps.v1 import StatefulSet
from orchestrator.api.core.v1 import ContainerStatus, Pod, ServicePort
from orchestrator.api.errors import DecodeError
from orchestrator.api.generate.fixups import SCALARS
from tests.api.drawing import DEFINITIONS, class_of, draw_definition


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_every_definition_survives_the_way_there_and_back(seed: int) -> None:
    """Whatever is in it."""
    random = Random(seed)
    seen = 0
    for name in DEFINITIONS:
        if name in SCALARS or not DEFINITIONS[name].get("properties"):
            continue
        type_ = class_of(name)
        wire = draw_definition(name, random, 0)
        if codec.is_kind(type_):
            wire |= {"apiVersion": type_.api_version, "kind": type_.kind}
        if type_ is StatefulSet:  # objects in objects say their kind
            for template in wire.get("spec", {}).get("volumeClaimTemplates", ()):
                template |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        obj = codec.from_dict(wire, type_)
        assert codec.to_dict(obj) == wire, name
        assert codec.decode(codec.encode(obj), type_) == obj, name
        seen += 1
    assert seen > 550


def test_zeros_that_are_required_stay_on_the_wire() -> None:
    """And optional ones that were never said do not appear."""
    status = ContainerStatus(name="c", image="", image_id="", ready=False, restart_count=0)
    assert codec.to_dict(status) == {
        "name": "c",
        "image": "",
        "imageID": "",
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "state": {},
    }
    assert codec.to_dict(ServicePort(port=0)) == {"port": 0, "targetPort": 0}


def test_a_kind_says_its_own_name_first() -> None:
    """So that a reader of the text sees it at once."""
    assert codec.encode(Pod()).startswith(b'{"kind":"Pod","apiVersion":"v1"')


@pytest.mark.parametrize(
    ("wire", "path", "message"),
    [
        ({"spec": {"containers": "x"}}, "spec.containers", "expected array"),
        ({"spec": {"containers": [{"name": 5}]}}, "spec.containers[0].name", "expected string"),
        ({"metadata": {"labels": {"a": 1}}}, "metadata.labels", "expected string"),
        ({"spec": {"hostNetwork": "yes"}}, "spec.hostNetwork", "got string"),
        ({"kind": "Node"}, "kind", 'expected "Pod", got "Node"'),
    ],
)
def test_what_does_not_fit_says_where(wire: dict[str, Any], path: str, message: str) -> None:
    """The path in Kubernetes' notation, what was expected, and what came."""
    with pytest.raises(DecodeError) as refused:
        codec.from_dict(wire, Pod)
    assert refused.value.path.startswith(path)
    assert message in refused.value.message


def test_unknown_fields_are_found_wherever_they_are() -> None:
    """By their paths."""
    wire = {"spec": {"containers": [{"nmae": "c", "ports": [{"prot": 1}]}], "x": 1}, "y": 2}
    assert codec.decode_noting(wire, Pod)[1] == (
        "spec.containers[0].nmae",
        "spec.containers[0].ports[0].prot",
        "spec.x",
        "y",
    )
