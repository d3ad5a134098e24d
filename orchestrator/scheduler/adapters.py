"""Kernels for plugins that say nothing of kernels: each answer is checked.

Whatever a plugin raises or answers wrongly becomes a PluginError: it harms the pod in question, not
the scheduler.
"""

from collections.abc import Callable, Hashable, Mapping
from inspect import iscoroutine
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.errors import MachineryError
from orchestrator.scheduler.answers import check, wrong
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.framework import Filter, Normalize, Plugin, Reasons, Score
from orchestrator.scheduler.kernels import MAX_NODE_SCORE, FilterKernel, ScoreKernel
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

T = TypeVar("T")


def filter_kernel_of(plugin: Plugin, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
    """What a plugin filters by for a pod; None: nothing. Raises PluginError."""
    rule: Any = plugin
    if hasattr(
        rule, "filter_kernel"
    ):  # what isinstance of a protocol costs twenty times as much for
        filtering: FilterKernel | None = called(plugin, "filter", rule.filter_kernel, pod, nodes)
        if filtering is not None:
            check(plugin, "filter", filtering, FilterKernel)
        return filtering
    assert isinstance(plugin, Filter)
    return _PlainFilter(plugin, pod, nodes)


def score_kernel_of(plugin: Plugin, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
    """What a plugin scores by for a pod; None: nothing. Raises PluginError."""
    rule: Any = plugin
    if hasattr(rule, "score_kernel"):
        scoring: ScoreKernel | None = called(plugin, "score", rule.score_kernel, pod, nodes)
        if scoring is not None:
            check(plugin, "score", scoring, ScoreKernel)
        return scoring
    assert isinstance(plugin, Score)
    return _PlainScore(plugin, pod, nodes)


def called(plugin: Any, point: str, call: Callable[..., T], *arguments: object) -> T:
    """What a plugin answers. Raises PluginError with the plugin's words, and MachineryError."""
    try:
        return call(*arguments)
    except (PluginError, MachineryError):
        raise
    except Exception as error:
        words = str(error) or type(error).__name__
        raise PluginError(
            plugin.name, f'running "{plugin.name}" {point} plugin: {words}'
        ) from error


class _Spec:
    """A spec as traits: equal to the very same spec only."""

    __slots__ = ("_pod",)

    def __init__(self, pod: Pod) -> None:
        self._pod = pod

    def __hash__(self) -> int:
        return id(self._pod.spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Spec) and other._pod.spec is self._pod.spec


class _PlainFilter(FilterKernel):
    """`filter(pod, nodes, rows)` of a plugin."""

    def __init__(self, plugin: Any, pod: Pod, nodes: Snapshot) -> None:
        self._plugin, self._pod, self._nodes = plugin, pod, nodes
        self.traits: Hashable = _Spec(pod)

    def rows(self, rows: Rows) -> Bool:
        plugin = self._plugin
        answer = called(plugin, "filter", plugin.filter, self._pod, self._nodes, rows)
        array = _array(plugin, "filter", answer, len(rows))
        if array.dtype != np.bool_:
            raise PluginError(
                plugin.name,
                f'running "{plugin.name}" filter plugin: it answered an array of {array.dtype}, not of bool',
            )
        return array

    def reasons(self, row: int) -> tuple[str, ...]:
        plugin = self._plugin
        default = (f"node(s) didn't satisfy plugin(s) [{plugin.name}]",)
        if not isinstance(plugin, Reasons):
            return default
        reasons: Any = called(plugin, "filter", plugin.reasons, self._pod, self._nodes, row)
        if isinstance(reasons, tuple | list) and all(isinstance(each, str) for each in reasons):
            return tuple(reasons) or default
        name = self._plugin.name
        words = f"reasons is a tuple of texts, not {reasons!r}"
        if iscoroutine(reasons):
            raise wrong(plugin, "filter", reasons, "a tuple of texts")
        raise PluginError(name, f'running "{name}" filter plugin: {words}')


class _PlainScore(ScoreKernel):
    """`score(pod, nodes, rows)` of a plugin, and `normalize(scores)` where it has one."""

    def __init__(self, plugin: Any, pod: Pod, nodes: Snapshot) -> None:
        self._plugin, self._pod, self._nodes = plugin, pod, nodes
        self.normalizes = isinstance(plugin, Normalize)  # type: ignore[misc]  # of this one alone
        self.traits: Hashable = _Spec(pod)

    def rows(self, rows: Rows) -> Int64:
        plugin = self._plugin
        answer = called(plugin, "score", plugin.score, self._pod, self._nodes, rows)
        scores = _whole(plugin, answer, len(rows))
        return scores if self.normalizes else _in_range(plugin, scores)

    def normalize(self, scores: Int64) -> Int64:
        plugin = self._plugin
        answer = called(plugin, "score", plugin.normalize, scores)
        return _in_range(plugin, _whole(plugin, answer, len(scores)))


def _array(plugin: Plugin, point: str, answer: Any, length: int) -> NDArray[Any]:
    said = f'running "{plugin.name}" {point} plugin: it answered'
    if not isinstance(answer, np.ndarray):
        raise wrong(plugin, point, answer, "an array")
    if answer.shape != (length,):
        raise PluginError(plugin.name, f"{said} an array of shape {answer.shape}, not ({length},)")
    return answer


def _whole(plugin: Plugin, answer: Any, length: int) -> Int64:
    """Scores as whole numbers; fractions are cut off, as in kube-scheduler's own plugins."""
    array = _array(plugin, "score", answer, length)
    if array.dtype.kind not in "iuf":
        raise PluginError(
            plugin.name,
            f'running "{plugin.name}" score plugin: it answered an array of {array.dtype}, not of numbers',
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _out_of_range(plugin, array[~np.isfinite(array)][0])
    return array.astype(np.int64)


def _in_range(plugin: Plugin, scores: Int64) -> Int64:
    wrong = (scores < 0) | (scores > MAX_NODE_SCORE)
    if wrong.any():
        raise _out_of_range(plugin, scores[wrong][0])
    return scores


def _out_of_range(plugin: Plugin, score: Any) -> PluginError:
    message = (
        f'plugin "{plugin.name}" returns an invalid score {score}, it should in the range of '
        f"[0, {MAX_NODE_SCORE}] after normalizing"
    )
    return PluginError(plugin.name, f"running Score plugins: {message}")


def counted(kernel: FilterKernel, rows: Rows) -> Mapping[str, int]:
    """The tally of a kernel without reasons that count nothing."""
    return {reason: count for reason, count in kernel.tally(rows).items() if count}
