"""The steps of a scenario, checked."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from orchestrator.api.scheme import DEFAULT
from orchestrator.scenario.language import (
    ACTIONS,
    Drain,
    FailApi,
    NodeChoice,
    Repeat,
    Step,
    Target,
    Wait,
)
from orchestrator.scenario.loading.nodes import GroupPlan, plan_group
from orchestrator.scenario.loading.objects import check_kind, check_labels
from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.loading.workloads import WorkloadPlan, plan_workload
from orchestrator.scenario.names import camel, in_camels
from orchestrator.scenario.traces import Trace

if TYPE_CHECKING:
    from orchestrator.apiserver import ApiFault

_DURATIONS: Final = ("timeout", "quiet", "for_", "every", "at")
_WAIT_HAS_WHAT: Final = tuple(n for n in Wait.__struct_fields__ if n != "timeout")


class StepPlan(Struct, frozen=True):
    """A checked step: its name, its action, and what the action needs beyond the step itself."""

    step: Step
    name: str
    action: str
    workload: WorkloadPlan | None = None
    group: GroupPlan | None = None
    steps: "tuple[StepPlan, ...]" = ()


class StepPlanner:
    """Checks steps. `groups` are the names of all node groups."""

    def __init__(
        self, source: Source, names: Mapping[str, Any], traces: Mapping[str, Trace]
    ) -> None:
        self._source = source
        self._names = names
        self._traces = traces

    def plan(self, steps: tuple[Step, ...], where: str) -> tuple[StepPlan, ...]:
        """Check steps. Raises ScenarioError."""
        return tuple(
            self._plan(step, f"{where}[{number}]", f"step {number + 1} of {len(steps)}")
            for number, step in enumerate(steps)
        )

    def _plan(self, step: Step, where: str, number: str) -> StepPlan:
        given = [name for name in ACTIONS if getattr(step, name) not in (None, "")]
        if len(given) != 1:
            names = ", ".join(camel(n) for n in ACTIONS)
            got = " and ".join(camel(n) for n in given) or "none"
            raise self._source.error(where, f"expected exactly one of {names}; got {got}")
        (action,) = given
        if step.at:
            self._source.seconds(step.at, f"{where}.at")
        if step.when is not None:
            self._check(step.when, f"{where}.when")
        if step.sleep:
            self._source.seconds(step.sleep, f"{where}.sleep")
        self._check(getattr(step, action), f"{where}.{camel(action)}")
        name = step.name or f"{number}: {camel(action)}"
        return StepPlan(step, name, action, *self._needs(step, where))

    def _needs(
        self, step: Step, where: str
    ) -> tuple[WorkloadPlan | None, GroupPlan | None, tuple[StepPlan, ...]]:
        workload = group = None
        steps: tuple[StepPlan, ...] = ()
        if step.apply is not None:
            workload = plan_workload(
                self._source, step.apply, f"{where}.apply", self._names, self._traces
            )
        if step.add_nodes is not None:
            group = plan_group(self._source, step.add_nodes, f"{where}.addNodes", self._traces)
        if step.repeat is not None:
            steps = self.plan(step.repeat.steps, f"{where}.repeat.steps")
        return workload, group, steps

    # --- what an action says ---------------------------------------------------------------

    def _check(self, part: Any, where: str) -> None:
        if not isinstance(part, Struct):
            return
        for name in _DURATIONS:
            text = getattr(part, name, "")
            if text:
                self._source.seconds(text, f"{where}.{name.rstrip('_')}")
        kind = getattr(part, "kind", "")
        if kind:
            check_kind(self._source, getattr(part, "api_version", "v1"), kind, where)
        check_labels(self._source, getattr(part, "labels", {}), where)
        match part:
            case Wait():
                self._check_wait(part, where)
            case NodeChoice():
                self._check_choice(part, where)
            case Target():
                self._check_target(part, where)
            case Drain(nodes=NodeChoice() as choice):
                self._check_choice(choice, f"{where}.nodes")
            case FailApi():
                self._check_fault(part, where)
            case Repeat(count=count) if count < 1:
                raise self._source.error(f"{where}.count", f"expected 1 or more, got {count}")

    def _check_fault(self, fault: FailApi, where: str) -> None:
        try:
            api_fault(fault)
        except ValueError as error:
            raise self._source.error(
                where, in_camels(str(error), FailApi.__struct_fields__)
            ) from None

    def _check_wait(self, wait: Wait, where: str) -> None:
        if not any(getattr(wait, name) not in (None, "") for name in _WAIT_HAS_WHAT):
            raise self._source.error(where, "expected what to wait for, got only a timeout")

    def _check_choice(self, choice: NodeChoice, where: str) -> None:
        if choice.count is not None and choice.percent is not None:
            raise self._source.error(where, "expected either count or percent")
        if choice.percent is not None and not 0 <= choice.percent <= 100:
            raise self._source.error(f"{where}.percent", "expected a number from 0 to 100")
        if choice.count is not None and choice.count < 0:
            raise self._source.error(f"{where}.count", "expected 0 or more")

    def _check_target(self, target: Target, where: str) -> None:
        if (target.nodes is None) == (not target.component):
            raise self._source.error(where, "expected either nodes or component")
        if isinstance(target.nodes, NodeChoice):
            self._check_choice(target.nodes, f"{where}.nodes")
        if where.endswith(".pause") and not target.for_:
            raise self._source.error(where, "expected for how long: for: 30s")


def api_fault(wanted: FailApi) -> "ApiFault":
    """What the API server is told. Raises ValueError for what means nothing, or would never happen."""
    from orchestrator.apiserver import ApiFault  # late: most scenarios have none
    from orchestrator.cluster.arguments import check_faults

    fault = ApiFault(**{n: getattr(wanted, n) for n in FailApi.__struct_fields__ if n != "for_"})
    check_faults([fault], DEFAULT)
    return fault


def all_steps(plans: tuple[StepPlan, ...]) -> tuple[StepPlan, ...]:
    """The steps, and those within them."""
    return tuple(each for plan in plans for each in (plan, *all_steps(plan.steps)))
