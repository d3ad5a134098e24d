"""Is the server alive, and ready: /healthz, /livez, /readyz, and their single checks."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from aiohttp.web import Response

from orchestrator.api.core.v1 import Namespace
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.http.errors import PageNotFound
from orchestrator.apiserver.http.front import Front
from orchestrator.apiserver.http.parameters import Query
from orchestrator.apiserver.http.replies import text_reply
from orchestrator.protocol import ApiError, Get, GiveUp

Check: TypeAlias = Callable[[Front], Awaitable[bool]]


async def _ping(front: Front) -> bool:
    """The front itself answers."""
    return True


async def _api(front: Front) -> bool:
    """The API server answers, whatever it answers."""
    try:
        await front.ask(Get(resource=resource_of(Namespace), name="default"))
    except GiveUp:
        return True
    except ApiError:
        return False
    return True


async def _shutdown(front: Front) -> bool:
    """The front is not about to stop."""
    return not front.stopping


# What the API server has done before it answers its first message, by the names of Kubernetes' hooks.
_HOOKS: Final = (
    "start-system-namespaces-controller",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
)
# `etcd` stands for the store, which nothing but the API server reaches.
_ALL: Final[Mapping[str, Check]] = {
    "ping": _ping,
    "etcd": _api,
    **{f"poststarthook/{name}": _api for name in _HOOKS},
}
_CHECKS: Final[Mapping[str, Mapping[str, Check]]] = {
    "livez": _ALL,
    "healthz": _ALL,
    "readyz": {**_ALL, "shutdown": _shutdown},
}


def check_paths() -> list[str]:
    """Where all checks, and the single ones, are answered."""
    singly = [f"/{kind}/{name}" for kind, checks in _CHECKS.items() for name in checks]
    return [*(f"/{kind}" for kind in _CHECKS), *singly]


async def health_reply(front: Front, parts: list[str], query: Query) -> Response:
    """`ok`, or 500 and what failed. Raises PageNotFound for an unknown check."""
    kind = parts[0]
    checks = _CHECKS[kind]
    if len(parts) > 1:
        name = "/".join(parts[1:])
        if name not in checks:
            raise PageNotFound
        checks = {name: checks[name]}
    lines, healthy = [], True
    excluded = query.getall("exclude", [])
    for name, check in checks.items():
        if name in excluded:
            lines.append(f"[+]{name} excluded: ok")
        elif await check(front):
            lines.append(f"[+]{name} ok")
        else:
            healthy = False
            lines.append(f"[-]{name} failed: reason withheld")
    if not healthy:
        return text_reply("\n".join([*lines, f"{kind} check failed", ""]), status=500)
    if "verbose" in query:
        return text_reply("\n".join([*lines, f"{kind} check passed", ""]))
    return text_reply("ok")
