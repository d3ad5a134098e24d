"""Why a pod got no node."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from orchestrator.scheduler.nominations import Candidate


class Refusal(Struct, frozen=True):
    """A pod fits nowhere: kube-scheduler's message, and the plugins that refused it somewhere.

    `helpable` are the rows of which an eviction may make a place; at `stage` preFilter no node was
    looked at, and at a later one than filter one was chosen; `fault`: a plugin broke its promise.
    """

    message: str
    plugins: frozenset[str]
    helpable: tuple[int, ...] = ()
    stage: Literal["preFilter", "filter", "later"] = "filter"
    fault: bool = False
    # What extenders left of the nodes where evictions would make room, or why that is not known; None: nobody
    # was asked.
    reviewed: tuple[Candidate, ...] | str | None = None


def unavailable(total: int, counts: Mapping[str, int]) -> str:
    """kube-scheduler's sentence about nodes that cannot take a pod; of some an extender says no reason."""
    if not counts:
        return f"0/{total} nodes are available:"
    reasons = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    return f"0/{total} nodes are available: {reasons}."
