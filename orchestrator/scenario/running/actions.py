"""What the actions of steps do to a cluster. Each is a method named after its action."""

import re
from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final

from actors import FOREVER, Fault, MessageFault, Partition, Pause
from orchestrator.api.core.v1 import Node
from orchestrator.api.scheme import DEFAULT, Resource
from orchestrator.cluster import Cluster, UnknownNode
from orchestrator.machinery.times import format_time, parse_duration
from orchestrator.scenario.errors import StepFailed
from orchestrator.scenario.language import NodeChoice, Step, Target
from orchestrator.scenario.loading import StepPlan
from orchestrator.scenario.loading.nodes import GroupPlan
from orchestrator.scenario.loading.objects import selector_of
from orchestrator.scenario.loading.steps import api_fault
from orchestrator.scenario.measures.meter import Meter
from orchestrator.scenario.running.choosing import choose
from orchestrator.scenario.running.draining import drain

if TYPE_CHECKING:
    from orchestrator.apiserver import ApiFault

API_SERVER: Final = "/apiserver"
RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
_PATTERN: Final = re.compile(r"[*?\[]")


class Actions:
    """Performs actions on one cluster. `groups` maps each node to its group, and is kept true;
    `dice` chooses nodes; `later` runs what comes when a step is long over; `meter` hears of trouble.
    """

    def __init__(
        self,
        cluster: Cluster,
        groups: dict[str, str],
        dice: Random,
        later: Callable[[Callable[[], Awaitable[None]]], None],
        meter: Meter,
    ) -> None:
        self._cluster = cluster
        self._client = cluster.client
        self.groups = groups
        self._dice = dice
        self._later = later
        self._meter = meter
        self._sizes: dict[str, int] = {}  # of groups: how many nodes they have had
        self._numbers = 0  # of nodes, ever: their addresses

    async def perform(self, plan: StepPlan) -> bool:
        """Do what a step says; False if the action is not one that acts on the cluster."""
        act = getattr(self, f"_do_{plan.action}", None)
        if act is None:
            return False
        await act(plan.step, plan)
        return True

    # --- nodes -----------------------------------------------------------------------------

    def take_up(self, plan: GroupPlan) -> list[Any]:
        """The specs of a group's next nodes, which belong to it from now on."""
        first = self._sizes.get(plan.name, 0)
        specs = list(plan.specs(first, self._numbers))
        self._sizes[plan.name] = first + len(specs)
        self._numbers += len(specs)
        for spec in specs:
            self.groups[spec.name] = plan.name
        return specs

    async def leave(self, names: Sequence[str]) -> None:
        """Take nodes out."""
        self._meter.power(names, on=False)
        for name in names:
            await self._cluster.remove_node(name)

    async def _do_add_nodes(self, step: Step, plan: StepPlan) -> None:
        assert plan.group is not None
        await self._cluster.add_nodes(self.take_up(plan.group))

    async def _do_remove_nodes(self, step: Step, plan: StepPlan) -> None:
        await self.leave(await self._chosen(step.remove_nodes))

    async def _do_cordon(self, step: Step, plan: StepPlan) -> None:
        await self._mark(step.cordon, True)

    async def _do_uncordon(self, step: Step, plan: StepPlan) -> None:
        await self._mark(step.uncordon, False)

    async def _mark(self, choice: str | NodeChoice | None, unschedulable: bool) -> None:
        for name in await self._chosen(choice):
            await self._client.patch(Node, name, {"spec": {"unschedulable": unschedulable}})

    async def _do_drain(self, step: Step, plan: StepPlan) -> None:
        wanted = step.drain
        choice, timeout = (
            (wanted, "10m") if isinstance(wanted, str | None) else (wanted.nodes, wanted.timeout)
        )
        names = await self._chosen(choice)
        await self._mark(NodeChoice(names=tuple(names)), True)
        await drain(self._cluster, names, timeout)

    async def _do_restart(self, step: Step, plan: StepPlan) -> None:
        names = await self._chosen(step.restart)
        for name in names:
            await self._cluster.restart_node(name)
        self._meter.power(names, on=True)

    async def _chosen(self, choice: str | NodeChoice | None) -> list[str]:
        assert choice is not None
        if isinstance(choice, str) or choice.names:
            return choose(choice, (), self.groups, self._dice)
        nodes = await self._client.list(Node)
        return choose(choice, nodes, self.groups, self._dice)

    # --- trouble ---------------------------------------------------------------------------

    async def _do_crash(self, step: Step, plan: StepPlan) -> None:
        target = _target(step.crash)
        if target.component:
            for path in self._actors(target.component):
                self._cluster.crash(path)
            self._meter.note("crash", target.component)
            return
        names = await self._chosen(target.nodes)
        for name in names:
            await self._cluster.crash_node(name)
        self._meter.power(names, on=False)
        if target.for_:
            self._later(partial(self._power_again, names, parse_duration(target.for_)))

    async def _power_again(self, names: Sequence[str], seconds: float) -> None:
        await self._cluster.clock.sleep(seconds)
        present = [name for name in names if self._cluster.has_node(name)]  # others were taken out
        for name in present:
            await self._cluster.restart_node(name)
        self._meter.power(present, on=True)

    async def _do_pause(self, step: Step, plan: StepPlan) -> None:
        assert step.pause is not None
        seconds = parse_duration(step.pause.for_)
        for path in await self._paths(step.pause):
            self._go_wrong(Pause(actor=path, at=self._now(), seconds=seconds))

    async def _do_partition(self, step: Step, plan: StepPlan) -> None:
        assert step.partition is not None
        paths = tuple(await self._paths(step.partition))
        now, end = self._span(step.partition.for_)
        self._go_wrong(Partition(group=paths, others=(API_SERVER,), start=now, end=end))

    async def _do_slow(self, step: Step, plan: StepPlan) -> None:
        assert step.slow is not None
        start, end = self._span(step.slow.for_)
        self._actors(step.slow.component)
        self._go_wrong(
            MessageFault(
                action="delay",
                target=step.slow.component,
                seconds=step.slow.seconds,
                start=start,
                end=end,
            )
        )

    async def _do_lose_watch_events(self, step: Step, plan: StepPlan) -> None:
        loss = step.lose_watch_events
        assert loss is not None
        start, end = self._span(loss.for_)
        self._actors(loss.component)
        self._go_wrong(
            MessageFault(
                action="drop",
                sender=API_SERVER,
                target=loss.component,
                message="WatchEvents",
                probability=loss.probability,
                count=loss.count,
                start=start,
                end=end,
            )
        )

    async def _do_fail_api(self, step: Step, plan: StepPlan) -> None:
        assert step.fail_api is not None
        fault = api_fault(step.fail_api)
        self._cluster.api_trouble.add(fault)
        if step.fail_api.for_:
            seconds = parse_duration(step.fail_api.for_)
            self._later(partial(self._api_heals, fault, seconds))

    async def _api_heals(self, fault: "ApiFault", seconds: float) -> None:
        await self._cluster.clock.sleep(seconds)
        self._cluster.api_trouble.remove(fault)

    async def _do_end_watches(self, step: Step, plan: StepPlan) -> None:
        await self._cluster.end_watches()

    async def _paths(self, target: Target) -> list[str]:
        """The actors of a component, or patterns of all components of the chosen nodes: one that has
        no power now may have it again while the trouble lasts.
        """
        if target.component:
            return self._actors(target.component)
        names = await self._chosen(target.nodes)
        for name in names:
            if not self._cluster.has_node(name):
                raise UnknownNode(f"the cluster has no node {name!r}")
        return [f"/nodes/{name}/*" for name in names]

    def _actors(self, pattern: str) -> list[str]:
        paths = [ref.path for ref in self._cluster.system.refs() if fnmatchcase(ref.path, pattern)]
        if not paths:
            raise StepFailed(f"there is no actor {pattern}")
        return paths

    def _go_wrong(self, fault: Fault) -> None:
        faults = self._cluster.system.faults
        assert faults is not None  # the loader saw to it
        faults.add(fault)

    def _now(self) -> float:
        faults = self._cluster.system.faults
        assert faults is not None
        return faults.elapsed

    def _span(self, duration: str) -> tuple[float, float]:
        start = self._now()
        return start, start + parse_duration(duration) if duration else FOREVER

    # --- objects ---------------------------------------------------------------------------

    async def _do_scale(self, step: Step, plan: StepPlan) -> None:
        target = step.scale
        assert target is not None
        for kind, name, namespace in await self._named(target):
            await self._client.scale(kind, name, target.replicas, namespace=namespace)

    async def _do_set_image(self, step: Step, plan: StepPlan) -> None:
        target = step.set_image
        assert target is not None
        for kind, name, namespace in await self._named(target):
            owner: Any = await self._client.get(kind, name, namespace=namespace)
            known = [c.name for c in owner.spec.template.spec.containers]
            chosen = [each for each in known if target.container in ("", each)]
            if not chosen:
                raise StepFailed(
                    f"{target.kind} {name} has no container {target.container}; "
                    f"it has {', '.join(known)}"
                )
            containers = [{"name": each, "image": target.image} for each in chosen]
            await self._change_template(kind, name, namespace, {"spec": {"containers": containers}})

    async def _do_rollout_restart(self, step: Step, plan: StepPlan) -> None:
        assert step.rollout_restart is not None
        at = format_time(self._cluster.clock.now())
        template = {"metadata": {"annotations": {RESTARTED_AT: at}}}
        for kind, name, namespace in await self._named(step.rollout_restart):
            await self._change_template(kind, name, namespace, template)

    async def _change_template(
        self, kind: Resource, name: str, namespace: str, template: dict[str, Any]
    ) -> None:
        body = {"spec": {"template": template}}
        await self._client.patch(kind, name, body, namespace=namespace, patch_type="strategic")

    async def _named(self, target: Any) -> list[tuple[Resource, str, str]]:
        """The objects whose names fit: (kind, name, namespace)."""
        kind, namespace = _place(target)
        if not _PATTERN.search(target.name):
            return [(kind, target.name, namespace)]
        objects: tuple[Any, ...] = await self._client.list(kind, namespace=namespace)
        names = [o.metadata.name for o in objects if fnmatchcase(o.metadata.name, target.name)]
        if not names:
            raise StepFailed(f"there is no {target.kind} {target.name} in {namespace}")
        return [(kind, name, namespace) for name in names]

    async def _do_delete(self, step: Step, plan: StepPlan) -> None:
        target = step.delete
        assert target is not None
        kind, namespace = _place(target)
        if target.name:
            await self._client.delete(kind, target.name, namespace=namespace)
            return
        await self._client.delete_collection(
            kind, namespace=namespace, label_selector=selector_of(target.labels)
        )


def _target(wanted: str | Target | None) -> Target:
    """A text is the path of a component, or else the name of a node."""
    if isinstance(wanted, str):
        return Target(component=wanted) if wanted.startswith("/") else Target(nodes=wanted)
    assert wanted is not None
    return wanted


def _place(target: Any) -> tuple[Resource, str]:
    kind = DEFAULT.by_kind(target.api_version, target.kind)
    return kind, target.namespace if kind.namespaced else ""
