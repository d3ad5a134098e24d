"""Admission's plugins under a stopwatch, for the writes that are counted."""

from collections.abc import Callable
from typing import Any

from orchestrator.apiserver.admission.interface import AdmissionPlugin, AdmissionRequest, Reader
from orchestrator.apiserver.pipeline.draft import Wait
from orchestrator.apiserver.telemetry.admission import Step
from orchestrator.protocol import ApiError


class _Counted(AdmissionPlugin):
    """A plugin, whose answers and refusals are counted with what they took; waiting belongs to it."""

    def __init__(self, plugin: AdmissionPlugin) -> None:
        self.name = plugin.name
        self.waits = plugin.waits
        self._plugin = plugin

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        return _observed(
            request, lambda: self._plugin.admit(request, reader), _by(self.name, "admit")
        )

    def validate(self, request: AdmissionRequest, reader: Reader) -> Wait | None:
        answer: Wait | None = _observed(
            request, lambda: self._plugin.validate(request, reader), _by(self.name, "validate")
        )
        return answer


def counted(plugins: tuple[AdmissionPlugin, ...]) -> tuple[AdmissionPlugin, ...]:
    """The plugins, each in its place, counted."""
    return tuple(map(_Counted, plugins))


def counted_step(step: Step, request: AdmissionRequest, run: Callable[[], Any]) -> Any:
    """What `run` answers, or waits for; the whole is counted as one step of the write."""

    def told(request: AdmissionRequest, began: float, refused: bool) -> None:
        assert request.counts is not None
        request.counts.step(step, request.operation, began, refused=refused)

    return _observed(request, run, told)


def _by(name: str, step: Step) -> Callable[[AdmissionRequest, float, bool], None]:
    def told(request: AdmissionRequest, began: float, refused: bool) -> None:
        assert request.counts is not None
        request.counts.plugin(name, step, request.operation, began, refused=refused)

    return told


def _observed(
    request: AdmissionRequest,
    run: Callable[[], Any],
    told: Callable[[AdmissionRequest, float, bool], None],
) -> Any:
    """Run something that answers, refuses or waits, and tell when it has done with the request."""
    counts = request.counts
    if counts is None:
        return run()
    began = counts.monotonic()

    def watch(run: Callable[[], Any]) -> Any:
        try:
            answer = run()
        except ApiError:
            told(request, began, True)
            raise
        if type(answer) is Wait:
            return Wait(answer.effect, lambda result: watch(lambda: answer.then(result)))
        told(request, began, False)
        return answer

    return watch(run)
