"""A step's plugins under a stopwatch, for the writes that are counted.

Only the moments are noted between which each plugin was asked: what they tell is worked out when somebody wants to
know it. What a plugin waits for belongs to it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from orchestrator.apiserver.pipeline.draft import Wait
from orchestrator.apiserver.telemetry.admission import AdmissionCounts, Asked
from orchestrator.protocol import ApiError


def counted_step(
    counts: AdmissionCounts, asked: Asked, run: Callable[..., Any], *arguments: Any
) -> Any:
    """What `run` answers, or waits for; it gets a list to which to add the moment when each plugin has ended."""
    moments = [counts.monotonic()]
    return _told(counts, asked, moments, run, *arguments, moments)


def _told(
    counts: AdmissionCounts,
    asked: Asked,
    moments: list[float],
    run: Callable[..., Any],
    *arguments: Any,
) -> Any:
    """What `run` answers; its end is told, over all that is waited for until then.

    No closure that names itself: each write would leave circles for the garbage collector.
    """
    try:
        answer = run(*arguments)
    except ApiError:
        counts.refused(asked, moments)
        raise
    if type(answer) is Wait:
        return Wait(answer.effect, partial(_told, counts, asked, moments, answer.then))
    counts.passed(asked, moments)
    return answer
