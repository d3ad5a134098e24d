"""Acting as somebody else: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation.

Somebody may act as another in one of several modes, each with verbs of its own, and the first that
allows it decides in which groups the other is. The constrained modes ask about two things: whether she may be
that user, and whether she may do there what the request does; the old mode, asked last, about the first alone.
But the mode in which she was last allowed to is asked first, and its refusal is the one that she hears.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace
from multidict import CIMultiDictProxy

from orchestrator.apiserver import errors
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.telemetry.families import Histogram, Series
from orchestrator.machinery import names, service_accounts
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.memo import LONGEST_TEXT
from orchestrator.protocol import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    BadRequest,
    Forbidden,
    Identity,
)

# Whether somebody may do something, and why (not).
Mode: TypeAlias = Callable[[Identity, "Wanted", Attributes, "Decide"], Awaitable[Identity]]
Decide: TypeAlias = Callable[[Identity, Attributes], Awaitable[tuple[bool, str]]]

LEGACY: Final = "legacy"
_SECONDS: Final = tuple(0.001 * 2**power for power in range(15))
_MOST: Final = 10_000  # users whose modes are remembered
_MOST_OTHERS: Final = 1_000
_EXTRA: Final = "impersonate-extra-"
_NODE: Final = "system:node:"
_NODES: Final = "system:nodes"
_NODE_NAME: Final = "authentication.kubernetes.io/node-name"
_KEYS: Final = "authentication.kubernetes.io/associated-node-keys"
_GROUP: Final = "authentication.k8s.io"


class Wanted(Struct, frozen=True):
    """Whom the headers of a request ask to be."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = {}

    @property
    def is_bare(self) -> bool:
        """Whether nothing is said but a name."""
        return not (self.uid or self.groups or self.extra)


def wanted(headers: CIMultiDictProxy[str]) -> Wanted | None:
    """Whom the headers of a head that `impersonates` name; None where they name nobody. An empty name is no name.

    Raises BadRequest for groups, a uid or extras without a user: whoever sends them means to have fewer
    rights than they have.
    """
    user, uid = headers.get("Impersonate-User", ""), headers.get("Impersonate-Uid", "")
    groups, extra = tuple(headers.getall("Impersonate-Group", [])), _extra(headers)
    if user:
        return Wanted(user, uid, groups, extra)
    if groups or uid or extra:
        raise _nobody(groups, uid, extra)
    return None


class _Attempts:
    """How often something was tried, and how long that took, by mode and decision."""

    def __init__(self, name: str, text: str) -> None:
        labels, whole = ("mode", "decision"), f"apiserver_impersonation_{name}"
        self._total = Series(f"{whole}_total", f"{text}.", labels)
        self._took = Histogram(f"{whole}_duration_seconds", f"{text}, in time.", labels, _SECONDS)

    def ended(self, mode: str, decision: str, seconds: float) -> None:
        """One was tried."""
        self._total.add(mode, decision)
        self._took.observe(seconds, mode, decision)

    def families(self) -> tuple[Series, Histogram]:
        """Both."""
        return self._total, self._took


class Impersonation:
    """Lets users act as others, and remembers in which mode each was last allowed to."""

    def __init__(self, decide: Decide, monotonic: Callable[[], float]) -> None:
        self._decide = decide
        self._monotonic = monotonic
        self._attempts = _Attempts("attempts", "Attempts to act as somebody else")
        self._questions = _Attempts("authorization_attempts", "Questions whether she may")
        self._last: dict[str, str] = {}
        self._others: dict[Hashable, Identity] = {}

    async def impersonated(
        self, who: Identity, other: Wanted, asked: Attributes
    ) -> tuple[str, Identity]:
        """The mode, and the identity with which the request goes on.

        Raises Forbidden, in the words of the first mode.
        """
        began = self._monotonic()
        try:
            mode, identity = await self._in_some_mode(who, other, asked)
        except Forbidden:
            self._attempts.ended("", "denied", self._monotonic() - began)
            raise
        self._attempts.ended(mode, "allowed", self._monotonic() - began)
        return mode, identity

    def families(self) -> Iterator[Series | Histogram]:
        """How often somebody wanted to, for the metrics."""
        yield from self._attempts.families()
        yield from self._questions.families()

    def _counted(self, mode: str) -> Decide:
        """Decides, and counts the questions of a mode."""

        async def decide(who: Identity, asked: Attributes) -> tuple[bool, str]:
            began = self._monotonic()
            try:
                allowed, reason = await self._decide(who, asked)
            except errors.AuthorizerFailed as error:
                allowed, reason = False, error.message
            decision = "allowed" if allowed else "denied"
            self._questions.ended(mode, decision, self._monotonic() - began)
            return allowed, reason

        return decide

    async def _in_some_mode(
        self, who: Identity, other: Wanted, asked: Attributes
    ) -> tuple[str, Identity]:
        first: Forbidden | None = None
        modes = dict(_modes(who, other))
        last = self._last.get(who.name)
        for name in sorted(modes, key=lambda name: name != last):
            try:
                identity = await modes[name](who, other, asked, self._counted(name))
            except Forbidden as error:
                first = first or error
                continue
            if len(self._last) >= _MOST:
                self._last.clear()
            self._last[who.name] = name
            return name, self._same(identity)
        assert first is not None, "the old mode is always asked"
        raise first

    def _same(self, identity: Identity) -> Identity:
        """The very identity as the last time: what is granted it is remembered by that."""
        extra = tuple((identity.extra or {}).items())
        key = (identity.name, identity.groups, identity.uid, extra)
        known = self._others.get(key)
        if known is not None or identity.length > LONGEST_TEXT:
            return known or identity
        if len(self._others) >= _MOST_OTHERS:
            self._others.clear()
        self._others[key] = identity
        return identity


def _modes(who: Identity, other: Wanted) -> Iterator[tuple[str, Mode]]:
    """Those that apply, in the order in which they are asked."""
    account, node = service_accounts.split(other.user), _node_name(other.user)
    if other.is_bare and node:
        if service_accounts.split(who.name) and (who.extra or {}).get(_NODE_NAME) == (node,):
            yield "associated-node", _associated_node
        yield _constrained("arbitrary-node")
    elif other.is_bare and account:
        yield _constrained("serviceaccount")
    elif not node and not account:
        yield _constrained("user-info")
    yield LEGACY, _old


def _constrained(mode: str) -> tuple[str, Mode]:
    async def as_other(who: Identity, other: Wanted, asked: Attributes, decide: Decide) -> Identity:
        await _check(who, replace(asked, verb=f"impersonate-on:{mode}:{asked.verb}"), decide)
        for each in _questions(who, other, f"impersonate:{mode}"):
            await _check(who, each, decide)
        return _identity(other, constrained=True)

    return mode, as_other


async def _associated_node(
    who: Identity, other: Wanted, asked: Attributes, decide: Decide
) -> Identity:
    """A service account acts as the node of its pod, whichever that is."""
    keys = tuple(sorted(who.extra or {}))
    anywhere = Identity(who.name, who.groups, who.uid, {_KEYS: keys})
    on = replace(asked, verb=f"impersonate-on:associated-node:{asked.verb}")
    await _check(anywhere, on, decide)
    be = Attributes("impersonate:associated-node", _GROUP, "nodes", name="*")
    await _check(anywhere, be, decide)
    return _identity(other, constrained=True)


async def _old(who: Identity, other: Wanted, _asked: Attributes, decide: Decide) -> Identity:
    for each in _questions(who, other, "impersonate"):
        await _check(who, each, decide)
    return _identity(other, constrained=False)


def _questions(who: Identity, other: Wanted, verb: str) -> Iterator[Attributes]:
    """What somebody must be allowed to be. Raises Forbidden for what no constrained mode allows."""
    constrained = verb != "impersonate"
    group = _GROUP if constrained else ""
    account, node = service_accounts.split(other.user), _node_name(other.user)
    if account is not None:
        yield Attributes(verb, group, "serviceaccounts", "", *account)
    elif constrained and node:
        yield Attributes(verb, group, "nodes", name=node)
    else:
        yield Attributes(verb, group, "users", name=other.user)
    if other.uid:
        yield Attributes(verb, _GROUP, "uids", name=other.uid)
    for each in other.groups:
        asked = Attributes(verb, group, "groups", name=each)
        if constrained and not each:
            raise errors.refused(who, asked, "impersonating the empty string group is not allowed")
        if constrained and each == MASTERS:
            raise errors.refused(
                who, asked, "impersonating the system:masters group is not allowed"
            )
        yield asked
    for key, values in other.extra.items():
        for value in values:
            asked = Attributes(verb, _GROUP, "userextras", key, name=value)
            if constrained and not value:
                raise errors.refused(
                    who, asked, "impersonating the empty string value in extra is not allowed"
                )
            yield asked


async def _check(who: Identity, asked: Attributes, decide: Decide) -> None:
    """Raises Forbidden."""
    allowed, reason = await decide(who, asked)
    if not allowed:
        raise errors.refused(who, asked, reason)


def _identity(other: Wanted, *, constrained: bool) -> Identity:
    groups = list(other.groups)
    account = service_accounts.split(other.user)
    if constrained and _node_name(other.user):
        groups = [_NODES]
    elif account is not None and not groups:
        groups = list(service_accounts.groups_of(account[0]))
    if other.user == ANONYMOUS.name:
        groups.append(UNAUTHENTICATED)
    elif UNAUTHENTICATED not in groups:
        groups.append(AUTHENTICATED)
    return Identity(other.user, tuple(dict.fromkeys(groups)), other.uid, other.extra or None)


def _node_name(user: str) -> str:
    """The node that a user is; "" for others."""
    name = user.removeprefix(_NODE)
    if name == user or names.dns1123_subdomain_errors(name):
        return ""
    return name


def _extra(headers: CIMultiDictProxy[str]) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    for name, value in headers.items():
        if name.lower().startswith(_EXTRA):
            key = unquote(name[len(_EXTRA) :].lower())
            extra[key] = (*extra.get(key, ()), value)
    return extra


def _nobody(groups: Sequence[str], uid: str, extra: Mapping[str, tuple[str, ...]]) -> BadRequest:
    """Kubernetes shows the user that it cannot make as Go would write the value."""
    listed = ", ".join(f"{quote(k)}:{_strings(v)}" for k, v in sorted(extra.items()))
    shown = f"map[string][]string{{{listed}}}" if extra else "map[string][]string(nil)"
    return BadRequest(
        f'requested &user.DefaultInfo{{Name:"", UID:{quote(uid)}, Groups:{_strings(groups)}, '
        f"Extra:{shown}}} without impersonating a user name"
    )


def _strings(values: Sequence[str]) -> str:
    return f"[]string{{{', '.join(map(quote, values))}}}" if values else "[]string(nil)"
