"""The names of a claim's requests, and what may refer to them."""

from collections.abc import Mapping

from orchestrator.api.resource.v1 import DeviceClaim
from orchestrator.apiserver.kinds.resource.validation import label_errors
from orchestrator.apiserver.validation.field import Errors, invalid

_NOT_THERE = (
    "must be the name of a request in the claim or the name of a request and a subrequest "
    "separated by '/'"
)


def request_names(devices: DeviceClaim | None) -> Mapping[str, frozenset[str]]:
    """The names of the alternatives of each request."""
    if devices is None:
        return {}
    return {
        request.name: frozenset(each.name for each in request.first_available)
        for request in devices.requests
    }


def request_reference_errors(
    known: Mapping[str, frozenset[str]], path: str, reference: str
) -> Errors:
    """`request`, or `request/alternative`, of those that the claim has."""
    request, *rest = reference.split("/")
    if len(rest) > 1:
        yield invalid(path, reference, _NOT_THERE)
        return
    for name in (request, *rest):
        yield from label_errors(path, name)
    if request not in known or (rest and rest[0] not in known[request]):
        yield invalid(path, reference, _NOT_THERE)
