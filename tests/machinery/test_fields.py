"""Field selectors: the text, the fields of each resource, and what they read."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.batch.v1 import Job, JobStatus
from orchestrator.api.core.v1 import (
    Event,
    EventSource,
    Node,
    NodeSpec,
    ObjectReference,
    Pod,
    PodSpec,
    PodStatus,
    Secret,
    Service,
    ServiceSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import DEFAULT
from orchestrator.machinery import fields
from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.field_getters import FIELDS

POD = Pod(
    metadata=ObjectMeta(name="web", namespace="shop"),
    spec=PodSpec(node_name="n1", scheduler_name="default", host_network=True),
    status=PodStatus(phase="Running", pod_ip="10.0.0.1"),
)
EVENT = Event(
    metadata=ObjectMeta(name="e", namespace="shop"),
    involved_object=ObjectReference(kind="Pod", name="web", uid="u"),
    reason="Started",
    type="Normal",
    source=EventSource(component="kubelet"),
)

MATCHES: list[tuple[str, str, Any, bool]] = [
    ("pods", "", POD, True),
    ("pods", "metadata.name=web", POD, True),
    ("pods", "metadata.name==web,metadata.namespace=shop", POD, True),
    ("pods", "metadata.namespace!=shop", POD, False),
    ("pods", "spec.nodeName=n1,status.phase!=Failed", POD, True),
    ("pods", "spec.nodeName=", POD, False),
    ("pods", "spec.nodeName=", Pod(), True),
    ("pods", "spec.host=n1", POD, True),
    ("pods", "spec.hostNetwork=true", POD, True),
    ("pods", "spec.hostNetwork=false", Pod(), True),
    ("pods", "spec.restartPolicy=Always", POD, False),
    ("pods", "spec.schedulerName=default", POD, True),
    ("pods", "spec.serviceAccountName=", POD, True),
    ("pods", "status.podIP=10.0.0.1", POD, True),
    ("pods", "status.podIPs=10.0.0.1", POD, False),
    ("pods", "status.nominatedNodeName!=x", POD, True),
    ("events", "involvedObject.kind=Pod,involvedObject.name=web", EVENT, True),
    ("events", "involvedObject.uid=other", EVENT, False),
    ("events", "source=kubelet,reason=Started,type=Normal", EVENT, True),
    ("events", "source=x", Event(reporting_component="x"), True),
    ("nodes", "spec.unschedulable=true", Node(spec=NodeSpec(unschedulable=True)), True),
    ("nodes", "spec.unschedulable=false", Node(), True),
    ("secrets", "type=Opaque", Secret(type="Opaque"), True),
    ("services", "spec.type=NodePort", Service(spec=ServiceSpec(type="NodePort")), True),
    ("services", "spec.clusterIP=None", Service(spec=ServiceSpec(cluster_ip="None")), True),
    ("jobs.batch", "status.successful=2", Job(status=JobStatus(succeeded=2)), True),
    ("jobs.batch", "status.successful=0", Job(), True),
    ("configmaps", "metadata.name=web", POD, True),
]

REFUSED = [
    ("pods", "x", "invalid selector: 'x'; can't understand 'x'"),
    ("pods", "a=b,x in (a)", "invalid selector: 'a=b,x in (a)'; can't understand 'x in (a)'"),
    ("pods", "x=a=b", "invalid field selector: unescaped character in value: 61"),
    ("pods", "x=a\\b", "invalid field selector: invalid escape sequence: \\b"),
    ("pods", "x=a\\", "invalid field selector: invalid escape sequence: \\"),
    ("pods", "spec.x=a", "field label not supported: spec.x"),
    ("nodes", "metadata.namespace=a", "field label not supported: metadata.namespace"),
    ("jobs.batch", "spec.x=a", 'field label "spec.x" not supported for Job'),
    (
        "configmaps",
        "spec.x=a",
        '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ),
]


@pytest.mark.parametrize(("resource", "text", "given", "expected"), MATCHES)
def test_matches(resource: str, text: str, given: Any, expected: bool) -> None:
    """A selector reads the fields of the resource's own kind."""
    assert fields.compiled(text, resource).matches(given) is expected


@pytest.mark.parametrize(("resource", "text", "message"), REFUSED)
def test_refused(resource: str, text: str, message: str) -> None:
    """A text that is no selector, and a field that cannot be asked, are refused."""
    with pytest.raises(SelectorError) as caught:
        fields.compiled(text, resource)
    assert caught.value.message == message


def test_every_getter_reads_an_empty_object() -> None:
    """No field of the table is missing from its kind, and unset ones read as text."""
    resources = {resource.key: resource for resource in DEFAULT.resources()}
    for key, getters in FIELDS.items():
        empty = resources[key].type()
        for getter in getters.values():
            assert getter(empty) in ("", "false", "0")


def test_values_are_unescaped_and_sorted() -> None:
    """Terms are sorted; backslashes stand before commas, equal signs and themselves."""
    assert fields.parse("z=1,,a!=x\\,y\\=\\\\") == (("a", False, "x,y=\\"), ("z", True, "1"))
    selector = fields.compiled("metadata.name=a\\,b,metadata.namespace!=c", "pods")
    assert str(selector) == "metadata.name=a\\,b,metadata.namespace!=c"
    assert selector.exact("metadata.name") == "a,b"
    assert selector.exact("metadata.namespace") is None
    assert not selector.empty
    assert fields.compiled("", "pods").empty
    assert fields.compiled(",", "pods").empty


def test_custom_fields() -> None:
    """A custom resource may declare fields of its own."""
    custom = {"spec.color": lambda each: str(each.content["spec"]["color"])}
    selector = fields.compiled("spec.color=red,metadata.name=a", "toys.example.com", custom)
    toy = SimpleNamespace(metadata=ObjectMeta(name="a"), content={"spec": {"color": "red"}})
    assert selector.matches(toy)
    with pytest.raises(SelectorError, match=r"field label not supported: spec\.size"):
        fields.compiled("spec.size=1", "toys.example.com", custom)


@given(
    st.dictionaries(
        st.sampled_from(["metadata.name", "status.phase"]), st.text("a,=\\", max_size=5)
    )
)
def test_escaping_round_trips(pairs: dict[str, str]) -> None:
    """Any value can be written."""
    text = ",".join(f"{field}={fields.escape(value)}" for field, value in pairs.items())
    selector = fields.compiled(text, "pods")
    assert {each.field: each.value for each in selector.requirements} == pairs
