"""Admission's plugins under a stopwatch, for the writes that are counted."""

from collections.abc import Callable
from functools import partial
from typing import Any

from orchestrator.apiserver.admission.interface import AdmissionPlugin, AdmissionRequest, Reader
from orchestrator.apiserver.pipeline.draft import Wait
from orchestrator.apiserver.telemetry.admission import AdmissionCounts, Step
from orchestrator.protocol import ApiError


class _Counted(AdmissionPlugin):
    """A plugin, whose answers and refusals are counted with what they took; waiting belongs to it."""

    def __init__(self, plugin: AdmissionPlugin) -> None:
        self.name = plugin.name
        self.waits = plugin.waits
        self._plugin = plugin

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        return _observed(request, "admit", self.name, self._plugin.admit, request, reader)

    def validate(self, request: AdmissionRequest, reader: Reader) -> Wait | None:
        run = self._plugin.validate
        answer: Wait | None = _observed(request, "validate", self.name, run, request, reader)
        return answer


def counted(plugins: tuple[AdmissionPlugin, ...]) -> tuple[AdmissionPlugin, ...]:
    """The plugins, each in its place, counted."""
    return tuple(map(_Counted, plugins))


def counted_step(
    step: Step, request: AdmissionRequest, run: Callable[..., Any], *arguments: Any
) -> Any:
    """What `run` answers, or waits for; the whole is counted as one step of the write."""
    return _observed(request, step, "", run, *arguments)


def _observed(
    request: AdmissionRequest, step: Step, name: str, run: Callable[..., Any], *arguments: Any
) -> Any:
    """Run something that answers, refuses or waits, and tell when it has done with the request.

    `name` is the plugin's; "": it is the whole step.
    """
    counts = request.counts
    if counts is None:
        return run(*arguments)
    watch = _Stopwatch(counts, step, name, request.operation)
    try:
        answer = run(*arguments)
    except ApiError:
        watch.stop(refused=True)
        raise
    return watch.of(answer)


class _Stopwatch:
    """Runs from when it is made until an answer or a refusal, over all that is waited for meanwhile.

    It is no closure that names itself: each write would leave circles for the garbage collector.
    """

    __slots__ = ("_began", "_counts", "_name", "_operation", "_step")

    def __init__(self, counts: AdmissionCounts, step: Step, name: str, operation: str) -> None:
        self._counts = counts
        self._step = step
        self._name = name
        self._operation = operation
        self._began = counts.monotonic()

    def of(self, answer: Any) -> Any:
        """The answer; what waits is watched until its end."""
        if type(answer) is Wait:
            return Wait(answer.effect, partial(self._then, answer.then))
        self.stop(refused=False)
        return answer

    def _then(self, go_on: Callable[..., Any], result: Any) -> Any:
        try:
            answer = go_on(result)
        except ApiError:
            self.stop(refused=True)
            raise
        return self.of(answer)

    def stop(self, *, refused: bool) -> None:
        """It has answered or refused."""
        counts, step, operation = self._counts, self._step, self._operation
        if self._name:
            counts.plugin(self._name, step, operation, self._began, refused=refused)
        else:
            counts.step(step, operation, self._began, refused=refused)
