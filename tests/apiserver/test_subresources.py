"""Subresources: scale, binding, eviction, finalize, and the paths that are not there."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.apps.v1 import Deployment, DeploymentStatus
from orchestrator.api.autoscaling.v1 import Scale, ScaleSpec
from orchestrator.api.core.v1 import (
    Binding,
    ObjectReference,
    Pod,
    PodCondition,
    PodSchedulingGate,
    PodStatus,
    ReplicationController,
    ReplicationControllerSpec,
)
from orchestrator.api.meta.v1 import DeleteOptions, LabelSelector, Preconditions
from orchestrator.api.policy.v1 import (
    Eviction,
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from orchestrator.machinery.objects import with_metadata
from orchestrator.protocol import (
    BadRequest,
    Conflict,
    Invalid,
    NotFound,
    Patch,
    TooManyRequests,
    Unclassified,
    Update,
)
from orchestrator.store import Write
from tests.apiserver.harness import Api, deployment, meta, pod, refused
from tests.apiserver.stores import SharedStore

# --- scale ---------------------------------------------------------------------------------


async def scale(api: Api, name: str, wanted: Scale) -> Any:
    """An update of a deployment's scale."""
    return await api.ref.ask(
        Update(
            resource=api.resource(Deployment),
            namespace="default",
            name=name,
            subresource="scale",
            object=wanted,
        )
    )


async def test_a_scale_says_how_many_and_which(api: Api) -> None:
    """Replicas wanted and seen, and the selector as text."""
    read = await api.create(deployment("web", 3))
    await api.status(replace(read, status=DeploymentStatus(replicas=2)))
    found: Any = await api.get(Deployment, "web", subresource="scale")
    assert (found.spec.replicas, found.status.replicas) == (3, 2)
    assert found.status.selector == "app=web"
    assert found.metadata.uid == read.metadata.uid


async def test_a_replication_controllers_selector_is_a_map(api: Api) -> None:
    """The older form of the same."""
    template = deployment("web").spec.template  # type: ignore[union-attr]
    spec = ReplicationControllerSpec(replicas=2, selector={"app": "web"}, template=template)
    await api.create(ReplicationController(metadata=meta("web"), spec=spec))
    found: Any = await api.get(ReplicationController, "web", subresource="scale")
    assert (found.spec.replicas, found.status.selector) == (2, "app=web")


async def test_scaling_changes_the_replicas_and_nothing_else(api: Api) -> None:
    """It counts as a generation."""
    before = await api.create(deployment("web", 3))
    found = await scale(api, "web", Scale(metadata=meta("web"), spec=ScaleSpec(replicas=5)))
    assert found.spec.replicas == 5
    after: Any = await api.get(Deployment, "web")
    assert (after.spec.replicas, after.metadata.generation) == (5, 2)
    assert after.spec.template is before.spec.template
    assert found.metadata.resource_version == after.metadata.resource_version


async def test_who_scales_is_told_what_the_template_is_warned_of(api: Api) -> None:
    """As whoever changes the spec otherwise; one who changes nothing is told nothing."""
    made = deployment("web", 3)
    assert made.spec is not None
    assert made.spec.template is not None
    spec = made.spec.template.spec
    assert spec is not None
    template = replace(
        made.spec.template,
        spec=replace(spec, node_selector={"beta.kubernetes.io/os": "linux"}),
    )
    await api.create(replace(made, spec=replace(made.spec, template=template)))
    for replicas, told in ((4, 1), (4, 0)):
        warnings: list[str] = []
        await api.ref.ask(
            Update(
                resource=api.resource(Deployment),
                object=Scale(metadata=meta("web"), spec=ScaleSpec(replicas=replicas)),
                name="web",
                namespace="default",
                subresource="scale",
                warn=warnings.append,
            )
        )
        assert len(warnings) == told


async def test_a_scale_can_be_patched(api: Api) -> None:
    """As kubectl scale does."""
    await api.create(deployment("web", 3))
    request = Patch(
        resource=api.resource(Deployment),
        namespace="default",
        name="web",
        subresource="scale",
        patch_type="merge",
        body={"spec": {"replicas": 0}},
    )
    assert not (await api.ref.ask(request)).spec.replicas  # zero is not written
    assert (await api.get(Deployment, "web")).spec.replicas == 0  # type: ignore[union-attr]


async def test_a_scale_is_conditional_if_it_says_so(api: Api) -> None:
    """By resourceVersion; the same number of replicas is no change, but of who owns it."""
    await api.create(deployment("web", 3))
    stale = Scale(metadata=meta("web", resource_version="1"), spec=ScaleSpec(replicas=5))
    error = await refused(Conflict, scale(api, "web", stale))
    assert error.message.startswith('Operation cannot be fulfilled on deployments.apps "web": ')
    before = api.store.revision
    await scale(api, "web", Scale(metadata=meta("web"), spec=ScaleSpec(replicas=3)))
    assert api.store.revision == before + 1
    await scale(api, "web", Scale(metadata=meta("web"), spec=ScaleSpec(replicas=3)))
    await scale(api, "web", Scale(metadata=meta("web"), spec=ScaleSpec(replicas=3)))
    assert api.store.revision == before + 2


async def test_a_negative_scale_is_refused(api: Api) -> None:
    """The fault is the Scale's."""
    await api.create(deployment("web", 3))
    wrong = Scale(metadata=meta("web"), spec=ScaleSpec(replicas=-1))
    error = await refused(Invalid, scale(api, "web", wrong))
    assert error.message == (
        'Scale.autoscaling "web" is invalid: '
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    )


# --- binding -------------------------------------------------------------------------------


def binding(name: str, node: str = "n", **options: Any) -> Binding:
    """A binding of a pod to a node."""
    return Binding(metadata=meta(name, **options), target=ObjectReference(kind="Node", name=node))


async def bind(api: Api, wanted: Binding, name: str = "web", **options: Any) -> Any:
    """Post a binding."""
    pods = api.resource(Pod)
    return await api.create(wanted, resource=pods, name=name, subresource="binding", **options)


async def test_binding_gives_a_pod_its_node(api: Api) -> None:
    """And the condition that it is scheduled; the answer is the pod."""
    await api.create(pod("web"))
    found = await bind(api, binding("web", annotations={"a": "b"}))
    assert found.spec.node_name == "n"
    assert found.metadata.annotations == {"a": "b"}
    (condition,) = found.status.conditions
    assert (condition.type, condition.status) == ("PodScheduled", "True")
    assert condition.last_transition_time == "2024-01-01T00:00:00Z"
    assert await api.get(Pod, "web") is found


async def test_the_condition_that_a_pod_could_not_be_scheduled_turns(api: Api) -> None:
    """There is one condition of a type."""
    read = await api.create(pod("web"))
    failed = PodCondition(type="PodScheduled", status="False", reason="Unschedulable")
    await api.status(replace(read, status=replace(read.status, conditions=(failed,))))
    (condition,) = (await bind(api, binding("web"))).status.conditions
    assert (condition.status, condition.reason) == ("True", "")


async def test_a_pod_is_bound_once(api: Api) -> None:
    """Of two schedulers, one loses."""
    await api.create(pod("web"))
    await bind(api, binding("web"))
    error = await refused(Conflict, bind(api, binding("web", "other")))
    assert error.message == (
        'Operation cannot be fulfilled on pods/binding "web": '
        'pod web is already assigned to node "n"'
    )


async def test_what_ends_is_not_bound(api: Api) -> None:
    """Nor what is gated, nor another pod of that name."""
    await api.create(pod("ending", metadata=meta("ending", finalizers=("x.y/z",))))
    await api.delete(Pod, "ending")
    error = await refused(Conflict, bind(api, binding("ending"), "ending"))
    assert error.message.endswith("pod ending is being deleted, cannot be assigned to a host")
    await api.create(pod("gated", scheduling_gates=(PodSchedulingGate(name="x.y/z"),)))
    error = await refused(Conflict, bind(api, binding("gated"), "gated"))
    assert error.message.endswith("pod gated has non-empty .spec.schedulingGates")
    await api.create(pod("web"))
    error = await refused(Conflict, bind(api, binding("web", uid="other")))
    assert "UID in precondition: other" in error.message


async def test_a_binding_must_say_where_to(api: Api) -> None:
    """In the words of validation."""
    await api.create(pod("web"))
    error = await refused(Unclassified, bind(api, binding("web", "")))
    assert error.message == "target.name: Required value"
    wrong = await refused(BadRequest, bind(api, binding("other"), "web"))
    assert wrong.message == "name in URL does not match name in Binding object"
    await refused(NotFound, bind(api, binding("none"), "none"))


async def test_a_binding_may_come_by_its_old_path(api: Api) -> None:
    """`bindings` is older than subresources."""
    await api.create(pod("web"))
    found = await api.create(binding("web"), resource=api.resource(Binding))
    assert found.spec.node_name == "n"


# --- eviction ------------------------------------------------------------------------------


async def running(api: Api, name: str, *, ready: bool = True) -> Pod:
    """A pod that runs on a node, labelled app=web."""
    await api.create(pod(name, {"app": "web"}))
    read = await bind(api, binding(name), name)
    condition = PodCondition(type="Ready", status="True" if ready else "False")
    status = replace(read.status, phase="Running", conditions=(condition,))
    found: Pod = await api.status(replace(read, status=status))
    return found


async def budget(api: Api, name: str = "b", allowed: int = 1, **options: Any) -> Any:
    """A disruption budget for app=web that its controller has seen."""
    selector = LabelSelector(match_labels={"app": "web"})
    spec = PodDisruptionBudgetSpec(min_available=1, selector=selector, **options)
    read = await api.create(PodDisruptionBudget(metadata=meta(name), spec=spec))
    status = PodDisruptionBudgetStatus(
        disruptions_allowed=allowed,
        current_healthy=1 + allowed,
        desired_healthy=1,
        expected_pods=2,
        observed_generation=1,
    )
    return await api.status(replace(read, status=status))


async def evict(api: Api, name: str, **options: Any) -> Any:
    """Post an eviction."""
    eviction = Eviction(metadata=meta(name), **options)
    pods = api.resource(Pod)
    return await api.create(eviction, resource=pods, name=name, subresource="eviction")


async def test_an_eviction_without_a_budget_is_a_delete(api: Api) -> None:
    """It ends gracefully, and the pod says why."""
    await running(api, "web")
    deleted = await evict(api, "web")
    assert not deleted.gone
    assert deleted.object.metadata.deletion_grace_period_seconds == 30
    (reason,) = [c for c in deleted.object.status.conditions if c.type == "DisruptionTarget"]
    assert (reason.status, reason.reason) == ("True", "EvictionByEvictionAPI")
    assert reason.message == "Eviction API: evicting"


async def test_an_eviction_has_delete_options(api: Api) -> None:
    """Grace period and preconditions."""
    await running(api, "web")
    other = DeleteOptions(preconditions=Preconditions(uid="other"))
    await refused(Conflict, evict(api, "web", delete_options=other))
    deleted = await evict(api, "web", delete_options=DeleteOptions(grace_period_seconds=0))
    assert deleted.gone


async def test_a_budget_counts_evictions(api: Api) -> None:
    """What allows one does not allow the next, before any controller looks."""
    await running(api, "one")
    await running(api, "two")
    await budget(api, allowed=1)
    await evict(api, "one")
    booked: Any = await api.get(PodDisruptionBudget, "b")
    assert booked.status.disruptions_allowed == 0
    assert booked.status.disrupted_pods == {"one": "2024-01-01T00:00:00Z"}
    error = await refused(TooManyRequests, evict(api, "two"))
    assert error.message == "Cannot evict pod as it would violate the pod's disruption budget."
    (cause,) = error.causes
    assert cause.reason == "DisruptionBudget"
    assert cause.message == "The disruption budget b needs 1 healthy pods and has 2 currently"


async def test_an_overtaken_eviction_is_booked_once() -> None:
    """What was written into the budget stays; only the pod's part is decided again."""
    store = SharedStore()
    async with Api(store=store) as api:
        stored = await running(api, "one")
        await budget(api, allowed=1)

        def label() -> None:
            new = with_metadata(stored, labels={"app": "web", "seen": "yes"})
            store.write_elsewhere(Write("pods", "default", "one", new, stored))

        store.intrude = lambda: setattr(store, "intrude", label)  # not the first write, the next
        deleted = await evict(api, "one")
        assert store.refusals == 1
        assert deleted.object.metadata.labels["seen"] == "yes"
        booked: Any = await api.get(PodDisruptionBudget, "b")
        assert booked.status.disruptions_allowed == 0


async def test_a_budget_that_nobody_has_counted_refuses(api: Api) -> None:
    """Try again in ten seconds."""
    await running(api, "web")
    read = await budget(api)
    await api.update(replace(read, spec=replace(read.spec, min_available=2)))
    error = await refused(TooManyRequests, evict(api, "web"))
    assert (
        error.causes[0].message == "The disruption budget b is still being processed by the server."
    )
    assert error.retry_after_seconds == 10


async def test_two_budgets_for_one_pod_are_a_fault(api: Api) -> None:
    """Nobody says which one counts."""
    await running(api, "web")
    await budget(api, "a")
    await budget(api, "b")
    error = await refused(Unclassified, evict(api, "web"))
    assert error.message == (
        "This pod has more than one PodDisruptionBudget, "
        "which the eviction subresource does not support."
    )


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
async def test_a_pod_that_serves_nobody_needs_no_budget(api: Api, phase: str) -> None:
    """It has not begun, or is over."""
    read = await running(api, "web")
    await api.status(replace(read, status=PodStatus(phase=phase)))
    await budget(api, allowed=0)
    await evict(api, "web")


async def test_a_pod_that_is_not_ready_needs_no_budget_if_the_policy_says_so(api: Api) -> None:
    """`AlwaysAllow`, or as long as enough others are healthy."""
    await running(api, "sick", ready=False)
    await budget(api, allowed=0, unhealthy_pod_eviction_policy="AlwaysAllow")
    await evict(api, "sick")


# --- others --------------------------------------------------------------------------------


@pytest.mark.parametrize("subresource", ["nothing", "log", "exec", "scale"])
async def test_an_unknown_subresource_is_not_there(api: Api, subresource: str) -> None:
    """Pods have no scale, and connections are not the store's."""
    await api.create(pod("web"))
    error = await refused(NotFound, api.get(Pod, "web", subresource=subresource))
    assert error.message == "the server could not find the requested resource"


async def test_a_missing_objects_subresources_are_missing(api: Api) -> None:
    """The message is about the object."""
    for subresource in ("status", "scale"):
        error = await refused(NotFound, api.get(Deployment, "none", subresource=subresource))
        assert error.message == 'deployments.apps "none" not found'
