"""A line of the log for each request, with the keys of kube-apiserver's (`--v=3` there and here).

The logger is `orchestrator.requests`; its lines are of the level DEBUG, so that a program which shows the
cluster's log does not show them unless it asks for them.
"""

import json
import logging
from traceback import format_exception
from typing import Any, Final

from aiohttp.web import BaseRequest

from orchestrator.apiserver.http.fairness import Classified
from orchestrator.machinery.times import format_duration

_LOGGER: Final = logging.getLogger("orchestrator.requests")
_ID_LENGTH: Final = 64  # clients may say any id; the log holds so much of it


def is_logged() -> bool:
    """Whether anybody hears of requests."""
    return _LOGGER.isEnabledFor(logging.DEBUG)


def log_request(
    request: BaseRequest,
    verb: str,
    *,
    code: int,
    seconds: float,
    audit_id: str,
    where: Classified | None,
    waited: float,
    seats: int = 0,
    executed: float = 0.0,
    fault: Exception | None = None,
) -> None:
    """Log a request that has ended. `code`: of the answer, 101 of a connection that became another protocol.

    `seconds`: how long it took, `waited` of them for its turn and `executed` upon its `seats`; `where`: the flow
    to which it belonged; `fault`: the server's own, whose stack stands in the line.
    """
    fields: dict[str, Any] = {
        "verb": verb,
        "URI": request.raw_path,
        "latency": format_duration(seconds),
        "userAgent": request.headers.get("User-Agent", ""),
        "audit-ID": audit_id[:_ID_LENGTH],
        "srcIP": _address(request),
    }
    if where is not None:
        fields["apf_pl"] = where.level.configuration.metadata.name
        fields["apf_fs"] = where.schema.metadata.name
        if seats:  # otherwise nobody served it
            fields["apf_iseats"] = seats
            fields["apf_fseats"] = 0
            fields["apf_additionalLatency"] = format_duration(0.0)
        fields["apf_init_latency"] = format_duration(waited)
        if seats:
            fields["apf_execution_time"] = format_duration(executed)
    fields |= {"hijacked": True} if code == 101 else {"resp": code}
    if fault is not None:
        fields["statusStack"] = "".join(format_exception(fault))
    # Quoted as JSON quotes: what a client says cannot begin a line of its own.
    line = " ".join(['"HTTP"', *(f"{key}={json.dumps(value)}" for key, value in fields.items())])
    _LOGGER.debug("%s", line, extra={"event": "HTTP", "fields": fields})


def _address(request: BaseRequest) -> str:
    """Where it came from; "" once the client has gone."""
    transport = request.transport
    peer = None if transport is None else transport.get_extra_info("peername")
    if not isinstance(peer, tuple):
        return ""
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
