"""Extenders: programs elsewhere that filter and score nodes and bind pods, asked over HTTP as JSON.

A pod that concerns an extender is scheduled alone: the next one waits until the answers are there, as in
kube-scheduler. An extender is asked about the nodes that the plugins leave, in their order; one that does
not answer ends the attempt, unless it is ignorable. The embedding program may answer instead of a server.
"""

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import msgspec
from msgspec import Struct

from orchestrator.api import codec
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.scheduler.errors import PluginError

MAX_PRIORITY: Final = 10
"""The highest score that an extender gives."""

PLUGIN: Final = "Extender"
"""As whose refusal an extender's counts: any event may lift it."""

Handler = Callable[[str, Any], Awaitable[Any]]
"""(verb, document) -> the answer's document; instead of a server."""


class Extender(Struct, frozen=True):
    """Where an extender is, which verbs it has (empty: not this one) and which pods concern it.

    Those that ask for a `managed` resource do; without any, all. A `cache_capable` one is told the nodes'
    names alone. `weight` multiplies its scores.
    """

    url: str
    filter_verb: str = ""
    prioritize_verb: str = ""
    bind_verb: str = ""
    preempt_verb: str = ""
    weight: int = 1
    timeout_seconds: float = 5.0
    cache_capable: bool = False
    ignorable: bool = False
    managed: frozenset[str] = frozenset()
    tls: ssl.SSLContext | None = None
    handler: Handler | None = None

    def concerns(self, pod: Pod) -> bool:
        """Whether the extender is asked about a pod."""
        if not self.managed:
            return True
        spec = pod.spec
        containers = (*spec.init_containers, *spec.containers) if spec is not None else ()
        return any(
            not self.managed.isdisjoint((*r.requests, *r.limits))
            for each in containers
            if (r := each.resources) is not None
        )

    async def ask(self, verb: str, document: Any) -> Any:
        """What the extender answers. Raises PluginError: it cannot be reached, or answers nothing of use."""
        try:
            if self.handler is not None:
                return await self.handler(verb, document)
            return await asyncio.get_running_loop().run_in_executor(
                None, self._post, self._url_of(verb), document
            )
        except HTTPError as error:
            words = f"failed {verb} with extender at URL {self._url_of(verb)}, code {error.code}"
        except (URLError, OSError) as error:
            words = f'Post "{self._url_of(verb)}": {getattr(error, "reason", error)}'
        except ValueError as error:
            words = f"extender at URL {self.url} answered no JSON: {error}"
        raise PluginError(PLUGIN, words)

    def _url_of(self, verb: str) -> str:
        return f"{self.url.rstrip('/')}/{verb}"

    def _post(self, url: str, document: Any) -> Any:
        body = msgspec.json.encode(document)
        request = Request(url, body, {"Content-Type": "application/json"}, method="POST")
        with urlopen(request, timeout=self.timeout_seconds, context=self.tls) as answer:
            return json.load(answer)


class Verdict(Struct):
    """What the extenders say: the nodes that are left, their additional scores, and who was refused why."""

    names: list[str]
    scores: Counter[str] = msgspec.field(default_factory=Counter)
    refused: dict[str, str] = {}
    hopeless: dict[str, str] = {}  # refused whatever pods are evicted


async def judged(
    extenders: Sequence[Extender],
    pod: Pod,
    names: Sequence[str],
    node_of: Callable[[str], Node | None],
    scale: int,
) -> Verdict:
    """Ask all that a pod concerns. `scale` brings their scores to the plugins'. Raises PluginError."""
    verdict = await filtered(extenders, pod, names, node_of)
    document = codec.to_dict(pod)
    if len(verdict.names) == 1:
        return verdict  # there is nothing to choose
    for extender in extenders:
        if extender.prioritize_verb and verdict.names:
            await _prioritize(extender, document, verdict, node_of, scale)
    return verdict


async def filtered(
    extenders: Sequence[Extender],
    pod: Pod,
    names: Sequence[str],
    node_of: Callable[[str], Node | None],
) -> Verdict:
    """The same without scores. Raises PluginError."""
    verdict = Verdict(list(names), refused={}, hopeless={})
    document = codec.to_dict(pod)
    for extender in extenders:
        if extender.filter_verb and verdict.names:
            await _filter(extender, document, verdict, node_of)
    return verdict


async def _filter(
    extender: Extender, pod: Any, verdict: Verdict, node_of: Callable[[str], Node | None]
) -> None:
    try:
        found = await extender.ask(
            extender.filter_verb, _arguments(extender, pod, verdict.names, node_of)
        )
        answer = _object(extender, found)
        if answer.get("error"):
            raise PluginError(PLUGIN, str(answer["error"]))
        left = _left(extender, answer, verdict.names)
    except PluginError:
        if extender.ignorable:
            return
        raise
    verdict.hopeless.update(answer.get("failedandunresolvablenodes") or {})
    failed = answer.get("failednodes") or {}
    verdict.refused.update({n: why for n, why in failed.items() if n not in verdict.hopeless})
    verdict.names = [name for name in verdict.names if name in left]


def _left(extender: Extender, found: Mapping[str, Any], asked: Sequence[str]) -> set[str]:
    """The names of the nodes that an answer leaves. Raises PluginError: one that was not asked about."""
    names = found.get("nodenames")
    if extender.cache_capable and names is not None:
        for name in names:
            if name not in asked:
                words = "claims a filtered node"
                tail = "which is not found in the input node list"
                raise PluginError(PLUGIN, f'extender "{extender.url}" {words} "{name}" {tail}')
        return set(names)
    nodes = found.get("nodes") or {}
    return {item["metadata"]["name"] for item in nodes.get("items") or ()}


async def _prioritize(
    extender: Extender,
    pod: Any,
    verdict: Verdict,
    node_of: Callable[[str], Node | None],
    scale: int,
) -> None:
    """Add scores; an extender that fails here has none, as in kube-scheduler."""
    arguments = _arguments(extender, pod, verdict.names, node_of)
    try:
        found = await extender.ask(extender.prioritize_verb, arguments)
    except PluginError:
        return
    for each in found or ():
        score = _folded(each)
        verdict.scores[score["host"]] += int(score["score"]) * extender.weight * scale


def _arguments(
    extender: Extender, pod: Any, names: Sequence[str], node_of: Callable[[str], Node | None]
) -> dict[str, Any]:
    if extender.cache_capable:
        return {"Pod": pod, "Nodes": None, "NodeNames": list(names)}
    nodes = [codec.to_dict(node) for name in names if (node := node_of(name)) is not None]
    return {"Pod": pod, "Nodes": {"metadata": {}, "items": nodes}, "NodeNames": None}


def _object(extender: Extender, answer: Any) -> dict[str, Any]:
    """An answer's fields. Raises PluginError for one that has none."""
    if not isinstance(answer, Mapping):
        raise PluginError(PLUGIN, f"extender at URL {extender.url} answered no object")
    return _folded(answer)


def _folded(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an answer in small letters: Go reads them in any."""
    return {name.lower(): value for name, value in answer.items()}


# --- preemption ------------------------------------------------------------------------------------


class Victims(Struct, frozen=True):
    """Who would have to go from a node, and how many of them against a disruption budget."""

    pods: tuple[Pod, ...]
    violations: int


async def victims_left(
    extenders: Sequence[Extender], pod: Pod, victims: Mapping[str, Victims]
) -> dict[str, Victims]:
    """What extenders leave of the nodes where evictions would make room, and of the victims there.

    Raises PluginError: one cannot be reached, or names a node without victims or a pod that is no victim.
    """
    left = dict(victims)
    document = codec.to_dict(pod)
    for extender in extenders:
        if not left:
            break
        try:
            left = await _victims_by(extender, document, left)
        except PluginError:
            if not extender.ignorable:
                raise
    return left


async def _victims_by(
    extender: Extender, pod: Any, victims: Mapping[str, Victims]
) -> dict[str, Victims]:
    full = {node: _victims_document(each, codec.to_dict) for node, each in victims.items()}
    meta = {node: _victims_document(each, _uid) for node, each in victims.items()}
    capable = extender.cache_capable
    answer = await extender.ask(
        extender.preempt_verb,
        {
            "Pod": pod,
            "NodeNameToVictims": None if capable else full,
            "NodeNameToMetaVictims": meta if capable else None,
        },
    )
    found = _object(extender, answer).get("nodenametometavictims") or {}
    left: dict[str, Victims] = {}
    for node, given in found.items():
        fields = _folded(given or {})
        uids = [_folded(each)["uid"] for each in fields.get("pods") or ()]
        if not uids:
            if extender.ignorable:
                continue
            raise PluginError(PLUGIN, f'expected at least one victim pod on node "{node}"')
        left[node] = _those(extender, node, victims, uids, int(fields.get("numpdbviolations") or 0))
    return left


def _those(
    extender: Extender,
    node: str,
    victims: Mapping[str, Victims],
    uids: Sequence[str],
    violations: int,
) -> Victims:
    """The victims of some uids, in their order."""
    if node not in victims:
        raise PluginError(PLUGIN, f'nodeinfo not found for node name "{node}"')
    by_uid = {each.metadata.uid: each for each in victims[node].pods}
    for uid in uids:
        if uid not in by_uid:
            words = (
                f"extender: {extender.url} claims to preempt pod (UID: &{{{uid}}}) on node: {node}, "
                "but the pod is not found on that node"
            )
            raise PluginError(PLUGIN, words)
    return Victims(tuple(by_uid[uid] for uid in uids), violations)


def _victims_document(victims: Victims, of: Callable[[Pod], Any]) -> dict[str, Any]:
    return {"Pods": [of(each) for each in victims.pods], "NumPDBViolations": victims.violations}


def _uid(pod: Pod) -> dict[str, str]:
    return {"UID": pod.metadata.uid}


async def bound(extender: Extender, pod: Pod, node: str) -> None:
    """Have an extender bind a pod. Raises PluginError."""
    metadata = pod.metadata
    found = await extender.ask(
        extender.bind_verb,
        {
            "PodName": metadata.name,
            "PodNamespace": metadata.namespace,
            "PodUID": metadata.uid,
            "Node": node,
        },
    )
    answer = _folded(found) if isinstance(found, Mapping) else {}
    if answer.get("error"):
        raise PluginError(PLUGIN, str(answer["error"]))
