"""Whether the servers behind APIServices are there: their condition `Available`."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.apiregistration.v1 import (
    APIService,
    APIServiceCondition,
    APIServiceStatus,
)
from orchestrator.api.meta.v1 import Time
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.http.aggregation.backends import Unreachable
from orchestrator.machinery.conditions import is_true, with_condition
from orchestrator.protocol import Conflict, NotFound, Update

SERVICES: Final = resource_of(APIService)
_AVAILABLE: Final = "Available"


def is_available(service: APIService) -> bool:
    """Whether requests are forwarded."""
    return service.status is not None and is_true(service.status.conditions, _AVAILABLE)


async def condition_of(
    service: APIService, look: Callable[[APIService], Awaitable[None]]
) -> APIServiceCondition:
    """The condition of an APIService; `look` reads the server's discovery, or raises Unreachable."""
    try:
        await look(service)
    except Unreachable as error:
        return APIServiceCondition(
            type=_AVAILABLE, status="False", reason=error.reason, message=str(error)
        )
    return APIServiceCondition(
        type=_AVAILABLE, status="True", reason="Passed", message="all checks passed"
    )


async def keep(
    service: APIService, condition: APIServiceCondition, now: Time, ask: Callable[[Any], Any]
) -> None:
    """Write the condition down, if it is news."""
    status = service.status or APIServiceStatus()
    conditions = with_condition(status.conditions, condition, now)
    if conditions is status.conditions:
        return
    new = replace(service, status=replace(status, conditions=conditions))
    name = service.metadata.name
    update = Update(
        resource=SERVICES,
        object=new,
        name=name,
        subresource="status",
        field_manager="kube-apiserver",
    )
    with suppress(Conflict, NotFound):  # the next look finds what is there then
        await ask(update)
