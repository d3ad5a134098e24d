"""The workloads of a scenario, checked: which objects come when, and how long they stay."""

import random
from collections.abc import Iterator, Mapping
from itertools import islice, repeat
from typing import Any, Final

from msgspec import Struct

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.api.errors import ApiTypeError, DecodeError
from orchestrator.machinery import manifests
from orchestrator.machinery.errors import MachineryError
from orchestrator.scenario.arrivals import ArrivalPlan, arrival_times
from orchestrator.scenario.language import Arrivals, Workload
from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.templates import ExpressionError, fill_text, filled
from orchestrator.scenario.traces import Trace
from orchestrator.scenario.traces.objects import pod_of
from orchestrator.scenario.traces.reshaping import Shape, reshaped
from orchestrator.scenario.values import Draw, DrawError, drawn, parse_value

_MOST_INFLATION: Final = 100


class Arrival(Struct, frozen=True):
    """What comes at one time (seconds since the workload began), and for how many seconds.

    Manifests are applied; the pods of a trace's tasks, which nothing else is named as, are created.
    """

    at: float
    objects: list[dict[str, Any]] | list[Pod]
    lifetime: float | None


class WorkloadPlan(Struct, frozen=True):
    """A checked workload. `timed`: its objects come by and by."""

    templates: list[dict[str, Any]]
    names: Mapping[str, Any]
    namespace: str
    count: int | None
    arrivals: ArrivalPlan | None
    values: Mapping[str, Draw]
    lifetime: Draw | None
    trace: Trace | None
    shape: Shape = Shape()

    @property
    def timed(self) -> bool:
        """Whether time passes until all of it has come and gone."""
        return self.arrivals is not None or self.trace is not None or self.lifetime is not None

    def items(self, dice: random.Random) -> Iterator[Arrival]:
        """Its objects in the order of their times; endless if the file says so."""
        if self.trace is not None:
            tasks = self.trace.tasks if self.count is None else self.trace.tasks[: self.count]
            for task in reshaped(self.trace, tasks, self.shape, dice):
                pod = pod_of(task, self.namespace or "default")
                yield Arrival(task.arrival_seconds, [pod], self._lifetime(dice))
            return
        times = arrival_times(self.arrivals, dice) if self.arrivals is not None else repeat(0.0)
        for index, at in enumerate(islice(times, self.count)):
            yield Arrival(at, self.objects(index, drawn(self.values, dice)), self._lifetime(dice))

    def objects(self, index: int, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The manifests of one number. Raises ExpressionError."""
        names = {**self.names, **values, "index": index}
        found = []
        for template in self.templates:
            manifest: dict[str, Any] = filled(template, names)
            if self.namespace:
                manifest.setdefault("metadata", {}).setdefault(
                    "namespace", fill_text(self.namespace, names)
                )
            found.append(manifest)
        return found

    def _lifetime(self, dice: random.Random) -> float | None:
        return None if self.lifetime is None else float(self.lifetime(dice))


def plan_workload(
    source: Source,
    workload: Workload,
    where: str,
    names: Mapping[str, Any],
    traces: Mapping[str, Trace],
) -> WorkloadPlan:
    """Check a workload, its first objects among it. Raises ScenarioError."""
    given = [name for name in ("objects", "file", "trace") if getattr(workload, name)]
    if len(given) != 1:
        raise source.error(where, "expected either objects or file or trace")
    if workload.trace and workload.trace not in traces:
        known = ", ".join(traces) or "none"
        raise source.error(f"{where}.trace", f"there is no trace {workload.trace}; known: {known}")
    if workload.trace and workload.arrivals is not None:
        raise source.error(f"{where}.arrivals", "a trace has arrival times of its own")
    shape = Shape(workload.inflate, workload.speed, workload.departures)
    if shape != Shape() and not workload.trace:
        raise source.error(where, "inflate, speed and departures are of a trace")
    if not 0 <= shape.inflate <= _MOST_INFLATION or not shape.speed > 0:
        raise source.error(
            where, f"expected inflate from 0 to {_MOST_INFLATION}, and a speed above 0"
        )
    count = workload.count
    if count is not None and count < 0:
        raise source.error(f"{where}.count", f"expected 0 or more, got {count}")
    if count is None and workload.arrivals is None and not workload.trace:
        count = 1
    plan = WorkloadPlan(
        templates=_templates(source, workload, where),
        names=names,
        namespace=workload.namespace,
        count=count,
        arrivals=_arrivals(source, workload.arrivals, f"{where}.arrivals"),
        values={
            name: _value(source, value, f"{where}.values.{name}")
            for name, value in workload.values.items()
        },
        lifetime=_value(source, workload.lifetime, f"{where}.lifetime")
        if workload.lifetime != ""
        else None,
        trace=traces[workload.trace] if workload.trace else None,
        shape=shape,
    )
    _check_first(source, plan, where)
    return plan


def _templates(source: Source, workload: Workload, where: str) -> list[dict[str, Any]]:
    if not workload.file:
        return list(workload.objects)
    path = source.beside(workload.file)
    try:
        return list(manifests.load_path(path))
    except OSError as error:
        raise source.error(f"{where}.file", f"cannot read {path}: {error.strerror}") from None
    except MachineryError as error:
        raise source.error(f"{where}.file", str(error)) from None


def _arrivals(source: Source, arrivals: Arrivals | None, where: str) -> ArrivalPlan | None:
    if arrivals is None:
        return None
    every = source.seconds(arrivals.every, f"{where}.every")
    if not every > 0:
        raise source.error(f"{where}.every", "expected more than 0s")
    return ArrivalPlan(
        process=arrivals.process,
        every=every,
        size=_value(source, arrivals.size, f"{where}.size"),
        within=source.seconds(arrivals.within, f"{where}.within"),
        start=source.seconds(arrivals.start, f"{where}.start"),
        **(
            {"duration": source.seconds(arrivals.duration, f"{where}.duration")}
            if arrivals.duration
            else {}
        ),
    )


def _value(source: Source, text: str | float, where: str) -> Draw:
    try:
        return parse_value(text)
    except DrawError as error:
        raise source.error(where, str(error)) from None


def _check_first(source: Source, plan: WorkloadPlan, where: str) -> None:
    if plan.trace is not None or plan.count == 0:
        return
    try:
        first = plan.objects(0, drawn(plan.values, random.Random(0)))
    except ExpressionError as error:
        raise source.error(where, str(error)) from None
    for number, manifest in enumerate(first):
        at = f"{where}.objects[{number}]"
        try:
            _, made = codec.decode_any(manifest)
        except DecodeError as error:
            raise source.error(f"{at}.{error.path}".rstrip("."), error.message) from None
        except ApiTypeError as error:
            raise source.error(at, str(error)) from None
        if not made.metadata.name:
            raise source.error(
                f"{at}.metadata.name", "expected a name: objects are applied by theirs"
            )
