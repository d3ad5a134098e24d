"""Kinds in several versions: one is stored, each client sees its own."""

from typing import Any

from msgspec.structs import replace

from orchestrator.api.autoscaling import v1, v2
from orchestrator.api.core.v1 import Event as CoreEvent
from orchestrator.api.core.v1 import EventSource, ObjectReference
from orchestrator.api.events.v1 import Event, EventSeries
from orchestrator.api.meta.v1 import MicroTime
from orchestrator.apiserver.kinds.conversion import conversion
from orchestrator.protocol import DeleteCollection, Invalid
from tests.apiserver.harness import Api, drained, meta, refused


async def test_events_have_one_store_and_two_groups(api: Api) -> None:
    """What comes by core is read by events.k8s.io, and the other way round."""
    pod = ObjectReference(kind="Pod", name="web", namespace="default")
    old = CoreEvent(
        metadata=meta("a"),
        involved_object=pod,
        message="Pulled image",
        reason="Pulled",
        source=EventSource(component="kubelet"),
        count=3,
        type="Normal",
    )
    await api.create(old)
    seen = await api.get(Event, "a")
    assert (seen.note, seen.regarding, seen.deprecated_count) == ("Pulled image", pod, 3)
    assert seen.deprecated_source == EventSource(component="kubelet")
    new = Event(
        metadata=meta("b"),
        regarding=pod,
        note="Started",
        reason="Started",
        action="Start",
        type="Normal",
        event_time=MicroTime("2024-01-01T00:00:00.000000Z"),
        reporting_controller="kubelet",
        reporting_instance="n1",
        series=EventSeries(count=2, last_observed_time=MicroTime("2024-01-01T00:00:00.000000Z")),
    )
    answer = await api.create(new)
    assert isinstance(answer, Event)
    found = await api.get(CoreEvent, "b")
    assert (found.message, found.reporting_component) == ("Started", "kubelet")
    assert found.series is not None
    assert found.series.count == 2
    assert await api.list(Event) == await api.list(CoreEvent) == ["a", "b"]


async def test_a_collection_is_deleted_in_the_version_of_its_path(api: Api) -> None:
    """The answer shows what was deleted as the path's group has it."""
    pod = ObjectReference(kind="Pod", name="web", namespace="default")
    await api.create(CoreEvent(metadata=meta("a"), involved_object=pod, reason="Pulled"))
    request = DeleteCollection(resource=api.resource(Event), namespace="default")
    page = await api.ref.ask(request)
    assert [(type(each), each.reason) for each in page.items] == [(Event, "Pulled")]
    assert await api.list(CoreEvent) == []


async def test_a_watch_sees_its_own_version(api: Api) -> None:
    """One bucket, two channels; selectors are those of the version."""
    async with api.inbox() as core, api.inbox() as group:
        await api.watch(core, CoreEvent, field_selector="reason=Pulled")
        await api.watch(group, Event, field_selector="reason=Pulled")
        pod = ObjectReference(kind="Pod", name="web", namespace="default")
        await api.create(CoreEvent(metadata=meta("a"), involved_object=pod, reason="Pulled"))
        await api.create(CoreEvent(metadata=meta("b"), involved_object=pod, reason="Started"))
        await api.delete(Event, "a")
        await api.settle()
        kinds: list[list[Any]] = [
            [type(event.object) for message in drained(inbox) for event in message.events]
            for inbox in (core, group)
        ]
    assert kinds == [[CoreEvent, CoreEvent], [Event, Event]]


def autoscaler() -> v1.HorizontalPodAutoscaler:
    """As autoscaling/v1 says it."""
    target = v1.CrossVersionObjectReference(api_version="apps/v1", kind="Deployment", name="web")
    spec = v1.HorizontalPodAutoscalerSpec(
        scale_target_ref=target,
        min_replicas=2,
        max_replicas=5,
        target_cpu_utilization_percentage=70,
    )
    return v1.HorizontalPodAutoscaler(metadata=meta("web"), spec=spec)


async def test_an_autoscaler_is_stored_as_v2(api: Api) -> None:
    """The CPU target of v1 is one of v2's metrics."""
    created = await api.create(autoscaler())
    assert created.spec.target_cpu_utilization_percentage == 70
    newer = await api.get(v2.HorizontalPodAutoscaler, "web")
    assert newer.spec is not None
    (metric,) = newer.spec.metrics
    assert metric.resource is not None
    assert (metric.resource.name, metric.resource.target.average_utilization) == ("cpu", 70)
    assert newer.spec.scale_target_ref.name == "web"
    assert newer.metadata.uid == created.metadata.uid


async def test_reading_v1_and_writing_it_back_loses_nothing(api: Api) -> None:
    """What v1 has no field for goes by annotations."""
    await api.create(autoscaler())
    newer: Any = await api.get(v2.HorizontalPodAutoscaler, "web")
    memory = v2.MetricSpec(
        type="Resource",
        resource=v2.ResourceMetricSource(
            name="memory", target=v2.MetricTarget(type="Utilization", average_utilization=60)
        ),
    )
    metrics = (*newer.spec.metrics, memory)
    newer = await api.update(replace(newer, spec=replace(newer.spec, metrics=metrics)))
    older: Any = await api.get(v1.HorizontalPodAutoscaler, "web")
    assert "autoscaling.alpha.kubernetes.io/metrics" in older.metadata.annotations
    await api.update(replace(older, spec=replace(older.spec, max_replicas=9)))
    after: Any = await api.get(v2.HorizontalPodAutoscaler, "web")
    assert after.spec.metrics == (memory, *metrics[:1])  # as there, what v1 can say comes last
    assert after.spec.max_replicas == 9
    assert after.metadata.annotations == {}


def test_there_is_no_conversion_within_a_version(api: Api) -> None:
    """The usual case costs nothing."""
    events = api.resource(CoreEvent)
    assert conversion(events, events) is None


async def test_events_that_come_by_the_newer_path_keep_more_rules(api: Api) -> None:
    """They are refused as events of core, with the newer names of their fields."""
    event = Event(
        metadata=meta("one"),
        event_time=MicroTime("2024-01-01T00:00:00.000000Z"),
        action="A",
        reason="R",
        type="Odd",
        regarding=ObjectReference(namespace="default"),
        reporting_controller="a b",
        reporting_instance="i",
        series=EventSeries(count=1, last_observed_time=MicroTime("2024-01-01T00:00:00.000000Z")),
        deprecated_count=3,
    )
    error = await refused(Invalid, api.create(event))
    assert (error.kind, error.group) == ("Event", "")
    assert [(each.field, each.message) for each in error.causes][1:] == [
        ("series.count", 'Invalid value: "": should be at least 2'),
        ("type", 'Invalid value: "": has invalid value: Odd'),
        ("count", 'Invalid value: "": needs to be unset'),
    ]
    assert error.causes[0].field == "reportingController"
