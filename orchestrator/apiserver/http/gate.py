"""The gate for writes from outside, where a cluster is served to be looked at only.

It stands behind authentication and before the API server: components in the process do not come by
here, so it needs no word of the authorizer, which decides who may do what and not when.
"""

from typing import Final

from orchestrator.apiserver import errors
from orchestrator.apiserver.http.paths import Target

_READS: Final = frozenset({"get", "list", "watch"})
_BINDINGS: Final = "bindings"


def check_gate(target: Target, verb: str, why_closed: str) -> None:
    """Let reads pass, and questions that are posted (reviews). Raises Forbidden, for a dry run, too.

    `why_closed` is what a client is told; empty: the gate is open.
    """
    if why_closed and verb not in _READS and not _is_question(target):
        raise errors.forbidden(target.resource, target.name, why_closed)


def _is_question(target: Target) -> bool:
    resource = target.resource
    return "get" not in resource.verbs and resource.key != _BINDINGS
