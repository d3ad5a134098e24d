"""Reads that several pods want at one time."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from actors import ActorStopped, Context
from orchestrator.api.core.v1 import ConfigMap, Service
from orchestrator.api.scheme import resource_of
from orchestrator.kubelet.shared_reads import SharedReads
from orchestrator.protocol import ApiRef, Get, Identity, List, Page

_MAPS, _SERVICES = resource_of(ConfigMap), resource_of(Service)


class _Asked:
    """Keeps what is asked instead of asking."""

    def __init__(self) -> None:
        self.requests: list[Get | List] = []
        self._ends: list[tuple[Callable[[Any], None], Callable[[BaseException], None]]] = []

    def request(
        self,
        ref: object,
        request: Get | List,
        then: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.requests.append(request)
        self._ends.append((then, failed))

    def answer(self, answer: Any) -> None:
        self._ends.pop(0)[0](answer)

    def fail(self, error: BaseException) -> None:
        self._ends.pop(0)[1](error)


@pytest.fixture
def asked() -> _Asked:
    return _Asked()


@pytest.fixture
def reads(asked: _Asked) -> SharedReads:
    return SharedReads(cast(Context, asked), cast(ApiRef, None), Identity("system:node:node-1"))


def test_who_asks_while_a_read_is_under_way_gets_its_answer(
    asked: _Asked, reads: SharedReads
) -> None:
    """One request serves all pods that begin together; another object, and another namespace, is another read."""
    found: list[Any] = []
    for namespace, name in [("a", "one"), ("a", "one"), ("b", "one"), ("a", "two")]:
        reads.get(_MAPS, namespace, name, found.append)
    assert [(r.namespace, r.name) for r in asked.requests if isinstance(r, Get)] == [
        ("a", "one"),
        ("b", "one"),
        ("a", "two"),
    ]
    config = ConfigMap(data={"k": "v"})
    asked.answer(config)
    assert found == [config, config]


def test_nothing_is_kept_of_what_was_read(asked: _Asked, reads: SharedReads) -> None:
    """Who asks after the answer gets what is there by then."""
    found: list[Any] = []
    reads.get(_MAPS, "a", "one", found.append)
    asked.answer(ConfigMap(data={"k": "old"}))
    reads.get(_MAPS, "a", "one", found.append)
    asked.answer(ConfigMap(data={"k": "new"}))
    assert [each.data["k"] for each in found] == ["old", "new"]


def test_what_fails_is_none_for_all_and_asked_anew(asked: _Asked, reads: SharedReads) -> None:
    """A read that failed answers all who wait for it, and the next one is a request of its own."""
    found: list[Any] = []
    reads.list(_SERVICES, "a", found.append)
    reads.list(_SERVICES, "a", found.append)
    asked.fail(ActorStopped("/apiserver"))
    assert found == [None, None]
    reads.list(_SERVICES, "a", found.append)
    asked.answer(Page(items=(Service(),), revision=1))
    assert found[2] == (Service(),)
    assert len(asked.requests) == 2
