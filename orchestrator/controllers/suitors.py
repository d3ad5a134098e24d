"""Which owners a pod without a controller may suit: those whose selector matches its labels."""

from collections.abc import Callable, Iterable
from typing import Any

from orchestrator.api.core.v1 import Pod
from orchestrator.client import Cache, Change, Key, same_metadata
from orchestrator.machinery.labels import Selector, compile_selector
from orchestrator.machinery.owners import controller_of


def selector_of(owner: Any) -> Selector:
    """The compiled selector of an owner of pods."""
    return compile_selector(owner.spec.selector)


class Suitors:
    """A source: the owners in the cache that a pod's change makes think of adopting it."""

    __slots__ = ("_owners", "_selector_of")

    def __init__(
        self,
        owners: Callable[[], Cache[Any]],
        selector: Callable[[Any], Selector] = selector_of,
    ) -> None:
        self._owners = owners
        self._selector_of = selector

    def __call__(self, change: Change[Pod]) -> Iterable[Key]:
        """The keys of the owners."""
        pod = change.new
        if pod is None or controller_of(pod) is not None or not pod.metadata.labels:
            return ()
        if change.old is not None and same_metadata(change.old, pod):
            return ()  # whoever it suits has heard of it
        labels, namespace = pod.metadata.labels, pod.metadata.namespace
        return [
            Key(namespace, each.metadata.name)
            for each in self._owners().list(namespace)
            if each.spec is not None and self._selector_of(each).matches(labels)
        ]
