"""What plugins answer, checked: a wrong answer is a PluginError that says what was answered and what would be right."""

from collections.abc import Callable
from inspect import iscoroutine
from typing import Any, Final

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.framework import Nomination, Preparation, Remedy, Wait
from orchestrator.scheduler.kernels import FilterKernel, ScoreKernel
from orchestrator.scheduler.snapshot import Snapshot

_NAMES: Final = {
    str: "a text",
    Wait: "a Wait",
    Preparation: "a Preparation",
    FilterKernel: "a FilterKernel",
    ScoreKernel: "a ScoreKernel",
    Nomination: "a Nomination",
    Remedy: "a Remedy",
}


def wrong(plugin: Any, point: str, answer: Any, wanted: str) -> PluginError:
    """What is said of a wrong answer. A coroutine is closed, since nobody will await it."""
    what = type(answer).__name__
    if iscoroutine(answer):
        answer.close()
        what = "a coroutine (an async function cannot be asked here)"
    name = plugin.name
    return PluginError(name, f'running "{name}" {point} plugin: it answered {what}, not {wanted}')


def check(plugin: Any, point: str, answer: Any, *kinds: type) -> None:
    """Whether an answer is None or of a kind. Raises PluginError."""
    if answer is not None and not isinstance(answer, kinds):
        wanted = ", ".join(_NAMES[kind] for kind in kinds)
        raise wrong(plugin, point, answer, f"{wanted} or None")


def check_room(plugin: Any, answer: Any, nodes: Snapshot) -> None:
    """The same of what a PostFilter found: room on a node, a remedy, or words. Raises PluginError."""
    check(plugin, "postFilter", answer, Nomination, Remedy, str)
    said = f'running "{plugin.name}" postFilter plugin: '
    if isinstance(answer, Nomination):
        if not isinstance(answer.node, str) or nodes.row_of(answer.node) is None:
            raise PluginError(plugin.name, f"{said}it nominated {answer.node!r}, which is no node")
        for victim in answer.victims:
            if not isinstance(victim, Pod):
                raise PluginError(plugin.name, f"{said}a victim is a Pod, not {victim!r}")
    if isinstance(answer, Remedy) and not (
        isinstance(answer.words, str) and callable(answer.write)
    ):
        raise PluginError(plugin.name, f"{said}a Remedy has words, and what writes")


def key_of(plugin: Any, sort_key: Callable[[Pod, float], Any], pod: Pod, at: float) -> Any:
    """What a plugin sorts a pod by. Raises PluginError for what orders nothing."""
    key = sort_key(pod, at)
    if not isinstance(key, tuple) or not all(
        isinstance(each, int | float) and each == each for each in key
    ):
        raise wrong(plugin, "QueueSort", key, "a tuple of numbers")
    return key
