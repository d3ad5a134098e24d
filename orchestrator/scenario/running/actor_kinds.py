"""What the actors of a cluster have done, by kind: those of the nodes are one kind each."""

from typing import Any

from actors import Ref
from orchestrator.cluster import Cluster
from orchestrator.scenario.measures.figures import ActorUse


class ActorKinds:
    """The living actors by kind. While actors only come, who is of which is found out for the new ones alone."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._refs: list[Ref[Any]] = []
        self._kinds: dict[str, list[Ref[Any]]] = {}

    def messages(self) -> dict[str, int]:
        """How many messages those of each kind have handled."""
        # Of thousands, for every sample: a generator would take half as long again.
        return {kind: sum([ref.handled for ref in refs]) for kind, refs in self._now().items()}

    def uses(self) -> tuple[ActorUse, ...]:
        """All that a report says of them, the busiest kind first."""
        messages = self.messages()
        uses = [
            ActorUse(
                path=kind,
                actors=len(refs),
                messages=messages[kind],
                restarts=sum(ref.restarts for ref in refs),
            )
            for kind, refs in self._now().items()
        ]
        return tuple(sorted(uses, key=lambda use: (-use.messages, use.path)))

    def _now(self) -> dict[str, list[Ref[Any]]]:
        refs = self._cluster.system.refs()
        known = len(self._refs)
        if refs[:known] != self._refs:
            known, self._kinds = 0, {}
        for ref in refs[known:]:
            self._kinds.setdefault(_kind(ref.path), []).append(ref)
        self._refs = refs
        return self._kinds


def _kind(path: str) -> str:
    parts = path.split("/")
    if parts[1] == "nodes" and len(parts) > 2:
        parts[2] = "*"
    return "/".join(parts)
