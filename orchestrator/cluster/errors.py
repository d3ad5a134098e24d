"""What can be wrong with a cluster's nodes."""


class UnknownNode(LookupError):
    """The cluster has no node of this name."""


class NodesNotReady(TimeoutError):
    """Nodes that were added are not Ready in time; `names` says which."""

    def __init__(self, names: tuple[str, ...], seconds: float) -> None:
        some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        super().__init__(f"{len(names):,} nodes are not Ready within {seconds:g} s: {some}")
        self.names = names


class UnknownScheduler(LookupError):
    """A pod asks for a scheduler that no profile is named after."""
