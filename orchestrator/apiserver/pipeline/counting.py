"""Admission's plugins under a stopwatch, for the writes that are counted."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from orchestrator.apiserver.admission.interface import AdmissionPlugin, AdmissionRequest, Reader
from orchestrator.apiserver.pipeline.draft import Wait
from orchestrator.apiserver.telemetry.admission import AdmissionCounts, Step
from orchestrator.protocol import ApiError

About: TypeAlias = tuple[str, Step, str, float]
"""The plugin's name ("" of a whole step), the step, the operation, and when it began."""


class _Counted(AdmissionPlugin):
    """A plugin, whose answers and refusals are counted with what they took; waiting belongs to it."""

    def __init__(self, plugin: AdmissionPlugin) -> None:
        self.name = plugin.name
        self.waits = plugin.waits
        self._plugin = plugin

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        counts = request.counts
        if counts is None:
            return self._plugin.admit(request, reader)
        began = counts.monotonic()
        try:
            answer = self._plugin.admit(request, reader)
        except ApiError:
            counts.ended(self.name, "admit", request.operation, began, True)
            raise
        if type(answer) is Wait:
            return _waiting(counts, (self.name, "admit", request.operation, began), answer)
        counts.ended(self.name, "admit", request.operation, began, False)
        return answer

    def validate(self, request: AdmissionRequest, reader: Reader) -> Any:
        counts = request.counts
        if counts is None:
            return self._plugin.validate(request, reader)
        began = counts.monotonic()
        try:
            answer = self._plugin.validate(request, reader)
        except ApiError:
            counts.ended(self.name, "validate", request.operation, began, True)
            raise
        if type(answer) is Wait:
            return _waiting(counts, (self.name, "validate", request.operation, began), answer)
        counts.ended(self.name, "validate", request.operation, began, False)
        return answer


def counted(plugins: tuple[AdmissionPlugin, ...]) -> tuple[AdmissionPlugin, ...]:
    """The plugins, each in its place, counted."""
    return tuple(map(_Counted, plugins))


def counted_step(
    counts: AdmissionCounts, step: Step, operation: str, run: Callable[..., Any], *arguments: Any
) -> Any:
    """What `run` answers, or waits for; the whole is counted as one step of the write."""
    return _told(counts, ("", step, operation, counts.monotonic()), run, *arguments)


def _told(
    counts: AdmissionCounts,
    about: About,
    run: Callable[..., Any],
    *arguments: Any,
) -> Any:
    """What `run` answers; its end is told, over all that is waited for until then.

    No closure that names itself: each write would leave circles for the garbage collector.
    """
    try:
        answer = run(*arguments)
    except ApiError:
        counts.ended(*about, True)
        raise
    if type(answer) is Wait:
        return _waiting(counts, about, answer)
    counts.ended(*about, False)
    return answer


def _waiting(counts: AdmissionCounts, about: About, wait: Wait) -> Wait:
    return Wait(wait.effect, partial(_told, counts, about, wait.then))
