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
    about = (name, step, request.operation, counts.monotonic())
    return _told(counts, about, run, *arguments)


def _told(
    counts: AdmissionCounts,
    about: tuple[str, Step, str, float],
    run: Callable[..., Any],
    *arguments: Any,
) -> Any:
    """What `run` answers; its end is told, over all that is waited for until then.

    No closure that names itself: each write would leave circles for the garbage collector.
    """
    try:
        answer = run(*arguments)
    except ApiError:
        counts.ended(*about, refused=True)
        raise
    if type(answer) is Wait:
        return Wait(answer.effect, partial(_told, counts, about, answer.then))
    counts.ended(*about, refused=False)
    return answer
