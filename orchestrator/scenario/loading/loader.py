"""Puts the checked parts of a scenario together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from actors import Fault, FaultPlan
from orchestrator.controllers.installed import UnknownController, find
from orchestrator.kubelet import Profile
from orchestrator.kubelet.runtimes.profile import ProfileError, parse_field
from orchestrator.scenario.language import Bounds, Scenario, Step
from orchestrator.scenario.loading.nodes import GroupPlan, plan_group
from orchestrator.scenario.loading.objects import check_kind, check_labels, check_path
from orchestrator.scenario.loading.parameters import settle
from orchestrator.scenario.loading.scheduling import SchedulerPlan, plan_scheduler
from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.loading.steps import StepPlan, StepPlanner, all_steps
from orchestrator.scenario.loading.workloads import WorkloadPlan, plan_workload
from orchestrator.scenario.measures.catalogue import explain_unknown, is_measure
from orchestrator.scenario.names import camel
from orchestrator.scenario.traces import Trace, TraceError, UnknownImporter, find_importer

# These need the machinery of faults even if the plan of faults is empty.
_FAULTY: Final = frozenset(("pause", "partition", "slow", "lose_watch_events"))


class Loaded(msgspec.Struct, frozen=True):
    """A scenario whose every part has been checked, ready to run."""

    scenario: Scenario
    path: Path
    text: str
    parameters: dict[str, Any]
    groups: tuple[GroupPlan, ...]
    workloads: tuple[WorkloadPlan, ...]
    steps: tuple[StepPlan, ...]
    profile: Profile
    faults: FaultPlan | None  # None: nothing goes wrong on purpose
    scheduler: SchedulerPlan = SchedulerPlan()


def load(path: Path, parameters: Mapping[str, Any] | None = None) -> Loaded:
    """Read and check a scenario file and all that it names. Raises ScenarioError.

    `parameters` change the file's own; texts become what those are.
    """
    return load_text(Source.read(path), parameters or {})


def load_text(source: Source, parameters: Mapping[str, Any]) -> Loaded:
    """Check a scenario whose text is at hand. Raises ScenarioError."""
    document, names = settle(source, source.document(), parameters)
    scenario: Scenario = source.convert(document, Scenario, "")
    spec = scenario.spec
    traces = _traces(source, scenario)
    workloads = tuple(
        plan_workload(source, workload, f"spec.workloads[{number}]", names, traces)
        for number, workload in enumerate(spec.workloads)
    )
    steps = StepPlanner(source, names, traces).plan(spec.steps, "spec.steps")
    groups = tuple(
        plan_group(source, group, f"spec.nodes[{number}]", traces)
        for number, group in enumerate(spec.nodes)
    )
    _check_groups(source, groups, steps)
    _check_expectations(source, scenario, steps)
    _check_heartbeats(source, scenario)
    _check_controllers(source, scenario)
    return Loaded(
        scenario=scenario,
        path=source.path,
        text=source.text,
        parameters=names,
        groups=groups,
        workloads=workloads,
        steps=steps,
        profile=_profile(source, scenario),
        faults=_faults(source, scenario, steps),
        scheduler=plan_scheduler(source, spec.scheduler, spec.policies),
    )


def _traces(source: Source, scenario: Scenario) -> dict[str, Trace]:
    traces = {}
    for name, wanted in scenario.spec.traces.items():
        try:
            importer = find_importer(wanted.format)
            traces[name] = importer.load(source.beside(wanted.path), wanted.options)
        except (TraceError, UnknownImporter) as error:
            raise source.error(f"spec.traces.{name}", str(error)) from None
    return traces


def _check_groups(
    source: Source, groups: tuple[GroupPlan, ...], steps: tuple[StepPlan, ...]
) -> None:
    seen: set[str] = set()
    for number, group in enumerate(groups):
        if group.name in seen:
            raise source.error(f"spec.nodes[{number}].name", f"there are two groups {group.name}")
        seen.add(group.name)
    seen.update(plan.group.name for plan in all_steps(steps) if plan.group is not None)
    for number, plan in enumerate(steps):
        for inner in (plan, *all_steps(plan.steps)):
            for choice in _choices(inner.step):
                if choice.group and choice.group not in seen:
                    known = ", ".join(sorted(seen))
                    raise source.error(
                        f"spec.steps[{number}].{camel(inner.action)}",
                        f"there is no group {choice.group} of nodes; known are {known}",
                    )


def _choices(step: Step) -> list[Any]:
    parts = [getattr(step, name) for name in step.__struct_fields__]
    parts += [getattr(part, "nodes", None) for part in parts]
    return [part for part in parts if hasattr(part, "percent")]


def _check_expectations(source: Source, scenario: Scenario, steps: tuple[StepPlan, ...]) -> None:
    names = list(dict.fromkeys(plan.name for plan in all_steps(steps)))
    for measure, expected in scenario.spec.expect.items():
        where = f"spec.expect.{measure}"
        if not is_measure(measure):
            raise source.error(where, explain_unknown(measure))
        for each in expected if isinstance(expected, tuple) else (expected,):
            if each.equals is None and each.at_least is None and each.at_most is None:
                raise source.error(where, "expected equals, atLeast or atMost")
            for step in (each.from_, each.to):
                if step and step not in names:
                    raise source.error(
                        where, f'there is no step "{step}"; there are {", ".join(names)}'
                    )
    for number, wanted in enumerate(scenario.spec.objects):
        if wanted.count == Bounds():
            raise source.error(f"spec.objects[{number}].count", "expected a bound")
        check_kind(source, wanted.api_version, wanted.kind, f"spec.objects[{number}]")
        check_labels(source, wanted.labels, f"spec.objects[{number}]")
        for path in wanted.fields:
            check_path(source, path, f"spec.objects[{number}].fields")


def _check_heartbeats(source: Source, scenario: Scenario) -> None:
    """Computed heartbeats know of nodes that the steps harm; chance would harm others."""
    spec = scenario.spec
    if spec.simulation.heartbeats == "computed" and spec.faults:
        raise source.error(
            "spec.simulation.heartbeats",
            "expected written, since the scenario has faults: a fault between mailboxes can silence"
            " a node without anyone's knowing",
        )


def _check_controllers(source: Source, scenario: Scenario) -> None:
    for number, name in enumerate(scenario.spec.simulation.controllers):
        if name == "*":
            continue
        try:
            find(name.removeprefix("-"))
        except UnknownController as error:
            raise source.error(f"spec.simulation.controllers[{number}]", str(error)) from None


def _profile(source: Source, scenario: Scenario) -> Profile:
    fields: dict[str, Any] = {}
    containers = scenario.spec.simulation.containers
    for name in containers.__struct_fields__:
        value = getattr(containers, name)
        if value is None:
            continue
        try:
            fields[name] = parse_field(name, str(value))
        except ProfileError as error:
            raise source.error(f"spec.simulation.containers.{camel(name)}", str(error)) from None
    return Profile(**fields)


def _faults(source: Source, scenario: Scenario, steps: tuple[StepPlan, ...]) -> FaultPlan | None:
    faults = [
        source.convert(fault, Fault, f"spec.faults[{number}]")
        for number, fault in enumerate(scenario.spec.faults)
    ]
    if faults or any(plan.action in _FAULTY for plan in all_steps(steps)):
        return FaultPlan(tuple(faults))
    return None
