"""The kubelet's end of sessions: finds the container, reads what its surroundings are made of, lets the runtime talk.

A session that cannot begin is refused in Kubernetes' words; one that has begun always ends with a last word.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from actors import Context, Deferred
from orchestrator.api.core.v1 import Container, ContainerState, Pod, Service
from orchestrator.api.scalars import Quantity
from orchestrator.kubelet.claimed import behind_claims, claim_sources
from orchestrator.kubelet.container_record import ContainerRecord
from orchestrator.kubelet.lookups import Lookups
from orchestrator.kubelet.material import (
    Found,
    environment_sources,
    pull_sources,
    world_sources,
)
from orchestrator.kubelet.node_spec import NodeSpec
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.kubelet.resolver import parse, resolver_of
from orchestrator.kubelet.runtimes.handlers import NodeRuntimes
from orchestrator.kubelet.runtimes.interface import ContainerKey, Conversational, World
from orchestrator.kubelet.surroundings import world_of
from orchestrator.protocol import BadRequest, InternalError, NotFound
from orchestrator.sessions import AttachTo, Execute, OpenPort, Reach, ReadLog, Session


class Conversations:
    """Answers the session messages of one kubelet."""

    def __init__(
        self,
        ctx: Context,
        runtimes: NodeRuntimes,
        lookups: Lookups,
        spec: NodeSpec,
        allocatable: Mapping[str, Quantity],
    ) -> None:
        self._ctx = ctx
        self._runtimes = runtimes
        self._lookups = lookups
        self._spec = spec
        self._allocatable = allocatable

    def open(
        self, worker: PodWorker | None, message: ReadLog | Execute | AttachTo | OpenPort
    ) -> Deferred[Any] | None:
        """Begin a session with a container of the worker's pod. Errors: BadRequest, NotFound."""
        reach = message.reach
        if worker is None:
            raise NotFound("the pod does not run on this node")
        runtime = self._runtimes.of(worker.uid)
        if not isinstance(runtime, Conversational):
            raise BadRequest(f"the runtime {runtime.name} does not talk with its containers")
        if isinstance(message, OpenPort):
            record = _listener(worker)
            key, session = record.key(worker.uid), reach.session
            self._run(session, runtime.connect(worker.pod, key, message.port, session))
            return None
        record = _record_of(worker, reach)
        if isinstance(message, ReadLog):
            key = _logged(worker, record, previous=message.options.previous)
        else:
            key = record.key(worker.uid)
            if record.state.running is None:
                raise InternalError(
                    f'unable to upgrade connection: container not found ("{record.spec.name}")'
                )
        return self._with_world(worker, record, partial(self._talk, runtime, message, key, record))

    def _talk(
        self,
        runtime: Conversational,
        message: ReadLog | Execute | AttachTo,
        key: ContainerKey,
        record: ContainerRecord,
        world: World,
    ) -> None:
        session = message.reach.session
        if isinstance(message, Execute | AttachTo):
            session.stdin, session.terminal = message.stdin, message.tty
        if isinstance(message, Execute):
            said = runtime.execute(key, message.command, world, session)
        elif isinstance(message, AttachTo):
            said = _without_code(runtime.join(key, record.spec, world, session))
        else:
            said = runtime.log(key, record.spec, world, message.options, session)
        self._run(session, said)

    def _with_world(
        self, worker: PodWorker, record: ContainerRecord, then: Callable[[World], None]
    ) -> Deferred[Any]:
        """Answer once the container's surroundings are found."""
        deferred = self._ctx.defer()

        def found(world: World) -> None:
            then(world)
            deferred.reply(None)

        self.find_world(worker.pod, record.spec, found)
        return deferred

    def find_world(self, pod: Pod, container: Container, then: Callable[[World], None]) -> None:
        """Read what the container's surroundings are made of."""
        spec = pod.spec
        made_of = world_sources(spec) if spec is not None else ()
        sources = (
            *made_of,
            *claim_sources(pod),
            *environment_sources(container),
            *pull_sources(pod),
        )

        def objects_came(found: Found) -> None:
            self._lookups.services(
                pod.metadata.namespace,
                lambda services: then(self._world(pod, container, found, services)),
            )

        self._lookups.find(pod, tuple(dict.fromkeys(sources)), objects_came, behind_claims)

    def _world(
        self, pod: Pod, container: Container, found: Found, services: tuple[Service, ...]
    ) -> World:
        resolver = resolver_of(pod, self._spec.cluster_dns, parse(self._spec.resolv_conf)).text()
        return world_of(pod, container, found, services, self._allocatable, resolver)

    def _run(self, session: Session, said: Awaitable[int]) -> None:
        async def until_its_end() -> None:
            try:
                code, fault = await said, ""
            except asyncio.CancelledError:
                raise
            except Exception as error:
                code, fault = 1, str(error) or type(error).__name__
            await session.end(code, fault)

        self._ctx.task(until_its_end(), "session")


async def _without_code(said: Awaitable[int]) -> int:
    """Who joins a container's command learns of its exit code from the pod's status."""
    await said
    return 0


def _record_of(worker: PodWorker, reach: Reach) -> ContainerRecord:
    for record in worker.records():
        if record.spec.name == reach.container:
            return record
    raise BadRequest(f"container {reach.container} is not valid for pod {worker.pod.metadata.name}")


def _listener(worker: PodWorker) -> ContainerRecord:
    """The container that answers connections to the pod: the first that runs."""
    for record in worker.containers:
        if record.state.running is not None:
            return record
    raise BadRequest(
        f"unable to forward port because pod is not running. Current status={_phase(worker)}"
    )


def _phase(worker: PodWorker) -> str:
    return worker.pod.status.phase if worker.pod.status is not None else "Pending"


def _logged(worker: PodWorker, record: ContainerRecord, *, previous: bool) -> ContainerKey:
    """The run whose log is meant. Errors: BadRequest."""
    pod, name = worker.pod.metadata.name, record.spec.name
    last = record.last_state.terminated if record.last_state is not None else None
    key = record.key(worker.uid)
    before = ContainerKey(key.pod_uid, key.name, key.attempt - 1)
    if previous:
        if last is None:
            raise BadRequest(f'previous terminated container "{name}" in pod "{pod}" not found')
        return key if record.state.waiting is not None and not record.active else before
    waiting = record.state.waiting
    if waiting is None:
        return key
    if last is not None:
        return before if record.active else key
    raise BadRequest(f'container "{name}" in pod "{pod}" is {_why(record.state)}')


def _why(state: ContainerState) -> str:
    waiting = state.waiting
    assert waiting is not None
    if waiting.reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName"):
        return "waiting to start: trying and failing to pull image"
    return f"waiting to start: {waiting.reason}"
