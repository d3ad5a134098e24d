"""Documents of groups that other servers serve, for the components of the cluster.

The server finds the APIService and asks whether this may be read; whoever reaches other servers, the front that
serves HTTPS, is the member of the group `FORWARDERS` and does the rest.
"""

from collections.abc import Mapping
from typing import Any, Final

from actors import NoReply, Request
from orchestrator.api.apiregistration.v1 import APIService
from orchestrator.api.scheme import resource_of, version_order
from orchestrator.apiserver import errors
from orchestrator.apiserver.answering import Answering
from orchestrator.apiserver.authorization import Access, Attributes
from orchestrator.protocol import UNABLE, ApiError, GetElsewhere, ServiceUnavailable
from orchestrator.store import Store

FORWARDERS: Final = "forwarders of requests for other servers"
_SERVICES: Final = resource_of(APIService).key
_SECONDS: Final = 60.0  # how long one that forwards may take


class Forward(Request[Mapping[str, Any]], frozen=True, gc=False):
    """Ask the server behind an APIService. Errors: its own, and ServiceUnavailable."""

    service: APIService
    asked: GetElsewhere


class Referring(Answering):
    """Has requests answered that concern other servers."""

    store: Store
    _access: Access

    def on_get_elsewhere(self, message: GetElsewhere) -> Any:
        """Answer another server's document."""
        service = self._service_for(message)
        if service is None:
            return None
        asked = Attributes(
            "get" if message.name else "list",
            message.group,
            message.resource,
            message.subresource,
            message.namespace,
            message.name,
            version=service.spec.version or "" if service.spec is not None else "",
        )
        deferred = self.ctx.defer()
        decision = self._access.decide(message.identity, asked)
        if not decision.allowed:
            deferred.fail(errors.refused(message.identity, asked, decision.reason))
        else:
            self.ctx.task(self._forwarded(deferred, Forward(service, message)), "forwarding")
        return deferred

    async def _forwarded(self, deferred: Any, message: Forward) -> None:
        for forwarder in self.ctx.members(FORWARDERS):
            try:
                deferred.reply(await forwarder.ask(message, timeout=_SECONDS))
            except ApiError as error:
                deferred.fail(error)
            except NoReply:
                break
            return
        deferred.fail(ServiceUnavailable(UNABLE))

    def _service_for(self, message: GetElsewhere) -> APIService | None:
        """The one that the cluster prefers of those that another server is behind."""
        found = [
            service
            for version in message.versions
            if (service := self.store.get(_SERVICES, "", f"{version}.{message.group}")) is not None
            and service.spec is not None
            and service.spec.service is not None
        ]
        return min(found, key=_preference, default=None)


def _preference(service: APIService) -> tuple[int, Any]:
    spec = service.spec
    assert spec is not None
    return -spec.version_priority, version_order(spec.version or "")
