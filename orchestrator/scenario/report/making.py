"""Makes the report of a run from what was measured."""

import hashlib
import os
import platform
from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from orchestrator.api import codec
from orchestrator.api.scheme import DEFAULT
from orchestrator.client import Client
from orchestrator.extras import DISTRIBUTION, version_of
from orchestrator.scenario.language import ObjectExpectation
from orchestrator.scenario.loading import Loaded
from orchestrator.scenario.loading.objects import selector_of, value_at
from orchestrator.scenario.measures.catalogue import SERVICE_LEVELS, outcomes_of, titles_of
from orchestrator.scenario.measures.figures import ActorUse, Outcome, StepRecord
from orchestrator.scenario.measures.meter import Meter
from orchestrator.scenario.measures.windows import WHOLE, Window
from orchestrator.scenario.report.model import Environment, Failure, Placing, Report

# The names in a report, and the distributions that bring them.
PACKAGES: Final = {"orchestrator": DISTRIBUTION, "msgspec": "msgspec", "numpy": "numpy"}


class ObjectsFound(Struct, frozen=True):
    """How many objects are as an expectation wants them."""

    expectation: ObjectExpectation
    count: int


async def find_objects(client: Client, loaded: Loaded) -> tuple[ObjectsFound, ...]:
    """Look for what the scenario expects to be there in the end. Raises ApiErrors."""
    found = []
    for wanted in loaded.scenario.spec.objects:
        kind = DEFAULT.by_kind(wanted.api_version, wanted.kind)
        objects: tuple[Any, ...] = await client.list(
            kind, namespace=wanted.namespace or None, label_selector=selector_of(wanted.labels)
        )
        found.append(ObjectsFound(wanted, sum(_fits(each, wanted) for each in objects)))
    return tuple(found)


def _fits(obj: Any, wanted: ObjectExpectation) -> bool:
    if wanted.name and obj.metadata.name != wanted.name:
        return False
    document = codec.to_dict(obj)
    return all(value_at(document, path) == value for path, value in wanted.fields.items())


class Performance(Struct, frozen=True, kw_only=True):
    """How a run went, beside what was measured. `command` repeats it."""

    command: str
    seed: int
    clock: Literal["virtual", "real"]
    steps: tuple[StepRecord, ...]
    failure: Failure | None
    interrupted: bool
    traced: bool
    actors: tuple[ActorUse, ...]
    objects: tuple[ObjectsFound, ...]

    def outcome(
        self, expectations: tuple[Outcome, ...]
    ) -> Literal["passed", "failed", "interrupted"]:
        """What is said of it in a word."""
        if self.interrupted:
            return "interrupted"
        passed = self.failure is None and all(each.holds for each in expectations)
        return "passed" if passed else "failed"


def make_report(
    loaded: Loaded, meter: Meter, measures: Mapping[str, float], run: Performance
) -> Report:
    """The report of a run; `measures` are those at its end."""
    scenario = loaded.scenario
    measures = {**measures, **_windowed(loaded, meter), **_step_seconds(run.steps)}
    expectations = _outcomes(loaded, measures, run.objects, meter.left_out())
    last = meter.samples.last
    return Report(
        scenario=scenario.metadata.name,
        description=scenario.metadata.description,
        text=loaded.text,
        path=str(loaded.path.resolve()),
        scenario_sha256=hashlib.sha256(loaded.text.encode()).hexdigest(),
        parameters=loaded.parameters,
        command=run.command,
        seed=run.seed,
        clock=run.clock,
        heartbeats=scenario.spec.simulation.heartbeats,
        scheduler=placing(loaded),
        traced=run.traced,
        outcome=run.outcome(expectations),
        digest=last.digest if last is not None else "",
        wall_seconds=measures["wallSeconds"],
        virtual_seconds=measures["virtualSeconds"],
        nodes=round(measures["nodes"]),
        pods=round(measures["pods"]),
        pods_running=round(measures["podsRunning"]),
        pods_per_second=measures["podsPerSecond"],
        peak_rss_bytes=round(measures["peakRssBytes"]),
        revisions=round(measures["revisions"]),
        measures=dict(measures),
        writes=dict(meter.history.writes),
        latencies={n: d.summary() for n, d in meter.pod_times().items()},
        left_out=meter.left_out(),
        api_calls=meter.calls.report(),
        series=meter.series(),
        heat_maps=meter.samples.heat_maps(meter.use.resources, meter.use.node_names),
        resources=meter.resources(),
        queues=meter.queues(),
        actors=run.actors,
        pauses=meter.pauses.report(),
        steps=run.steps,
        checkpoints=tuple(meter.checkpoints),
        moments=tuple(meter.moments),
        expectations=expectations,
        failure=run.failure,
        environment=environment(),
    )


def placing(loaded: Loaded) -> Placing:
    """How a scenario places pods."""
    chosen, plan = loaded.scenario.spec.scheduler, loaded.scheduler
    policy = chosen if isinstance(chosen, str) else "default" if chosen is None else "its own"
    profile = plan.configuration.profiles[0]
    return Placing(
        policy=policy,
        weights={plugin.name: profile.weight(plugin) for plugin in profile.at("score")},
        files={str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in plan.files},
    )


def _outcomes(
    loaded: Loaded,
    measures: Mapping[str, float],
    objects: tuple[ObjectsFound, ...],
    left_out: Mapping[str, int],
) -> tuple[Outcome, ...]:
    """Every bound of every expectation, in the file's order."""
    spec = loaded.scenario.spec
    found = []
    for title, (name, bounds) in titles_of(spec.expect).items():
        none = 0.0 if name.startswith("writes/") else None
        found += outcomes_of(title, bounds, measures.get(title, none), _note(title, left_out))
    for level in spec.service_levels:
        for name, level_bounds in SERVICE_LEVELS[level].items():
            found += outcomes_of(name, level_bounds, measures.get(name), _note(name, left_out))
    for each in objects:
        found += outcomes_of(_title(each.expectation), each.expectation.count, each.count)
    return tuple(found)


def _windowed(loaded: Loaded, meter: Meter) -> dict[str, float]:
    """What is expected of windows, by its title."""
    found = {}
    for title, (name, bounds) in titles_of(loaded.scenario.spec.expect).items():
        window = Window(bounds.from_, bounds.to)
        if window != WHOLE and name in (measures := meter.windows.measures(window)):
            found[title] = measures[name]
    return found


def _step_seconds(steps: tuple[StepRecord, ...]) -> dict[str, float]:
    """How long steps took; those of equal names together."""
    found: dict[str, float] = {}
    for step in steps:
        name = f"stepSeconds/{step.name}"
        seconds = found.get(name, 0.0) + step.virtual_end - step.virtual_begin
        found[name] = round(seconds, 9)  # of clocks that read millions of seconds
    return found


def _note(title: str, left_out: Mapping[str, int]) -> str:
    """What a measure of the whole run leaves out."""
    if not title.startswith("podStartSeconds") or " " in title or not left_out:
        return ""
    return f"left out: {', '.join(f'{count:,} {reason}' for reason, count in left_out.items())}"


def _title(wanted: ObjectExpectation) -> str:
    parts = [wanted.kind]
    if wanted.namespace or wanted.name:
        parts.append("/".join(part for part in (wanted.namespace, wanted.name) if part))
    parts += [f"{key}={value}" for key, value in {**wanted.labels, **wanted.fields}.items()]
    return " ".join(parts)


def environment() -> Environment:
    """Where this is."""
    return Environment(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpus=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        packages={name: version_of(package) for name, package in PACKAGES.items()},
    )
