"""Is the server alive, and ready: /healthz, /livez, /readyz, and their single checks."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from aiohttp.web import Response

from orchestrator.api.core.v1 import Namespace
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.http.errors import PageNotFound
from orchestrator.apiserver.http.front import Front
from orchestrator.apiserver.http.parameters import Query
from orchestrator.apiserver.http.replies import error_text, guarded, text_reply
from orchestrator.machinery.field_errors import quote
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


# What the API server has done before it answers its first message, by the names of Kubernetes' hooks and in
# their order; `etcd` stands for the store, which nothing but the API server reaches.
_FIRST: Final = ("ping", "log")
_HOOKS: Final = (
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/peer-endpoint-reconciler-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/storage-readiness",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-wait-for-first-sync",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
)
_LIVE: Final[Mapping[str, Check]] = {
    **dict.fromkeys((*_FIRST, "loopback-serving-certificate"), _ping),
    **dict.fromkeys(("etcd", *_HOOKS), _api),
}
_READY: Final[Mapping[str, Check]] = {
    **dict.fromkeys(_FIRST, _ping),
    **dict.fromkeys(("informer-sync", *_HOOKS), _api),
    "shutdown": _shutdown,
}
_CHECKS: Final[Mapping[str, Mapping[str, Check]]] = {
    "livez": _LIVE,
    "healthz": _LIVE,
    "readyz": _READY,
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
        check = checks.get("/".join(parts[1:]))
        if check is None:
            raise PageNotFound
        found = await check(front)
        front.health.note(kind, "/".join(parts[1:]), found)
        if not found:
            return error_text("internal server error: the API server does not answer", 500)
        return text_reply("ok")
    # Those that are alike are asked once.
    asked = {check: await check(front) for check in set(checks.values())}
    excluded = dict.fromkeys(query.getall("exclude", []))
    lines, healthy = [], True
    for name, check in checks.items():
        if name in excluded:
            del excluded[name]
            lines.append(f"[+]{name} excluded: ok")
            continue
        front.health.note(kind, name, asked[check])
        if asked[check]:
            lines.append(f"[+]{name} ok")
        else:
            healthy = False
            lines.append(f"[-]{name} failed: reason withheld")
    if excluded:
        unknown = ", ".join(map(quote, excluded))
        lines.append(f"warn: some health checks cannot be excluded: no matches for {unknown}")
    if not healthy:
        return error_text("\n".join([*lines, f"{kind} check failed"]), 500)
    if "verbose" in query:
        return guarded(text_reply("\n".join([*lines, f"{kind} check passed", ""])))
    return guarded(text_reply("ok"))
