"""Keeps a node's static pods running, and their mirrors in the API server.

A mirror is a pod that only shows a static one: deleted it comes back, and what the file says no more it loses. The
directory is looked at every second; a changed file's pod starts when the old one has ended.
"""

from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import Any, Final, Protocol

from msgspec.structs import replace

from actors import Context
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.client import Change
from orchestrator.kubelet.pod_writes import PodWrites
from orchestrator.kubelet.static_pods import MIRROR, read

LOOK_SECONDS: Final = 1.0


class Runs(Protocol):
    """The kubelet, as far as static pods need it."""

    def runs_static(self, uid: str) -> bool:
        """Whether something of the pod is left on the node."""
        ...

    def begin_static(self, pod: Pod) -> None:
        """Run a pod; its status is what was reported last, if anything was."""
        ...

    def end_static(self, uid: str) -> None:
        """Stop the pod in its grace period."""
        ...

    def show_static(self, uid: str, mirror: Pod) -> None:
        """The mirror is there, or has changed: report what is not in it."""
        ...


class StaticPods:
    """The static pods of the directory `place` for the kubelet whose context is `ctx`."""

    def __init__(
        self, ctx: Context, writes: PodWrites, place: Path, node: Node, kubelet: Runs
    ) -> None:
        self._ctx = ctx
        self._writes = writes
        self._place = place
        self._node = node
        self._kubelet = kubelet
        self._seen: object = None  # of the directory: what makes it worth reading
        self._wanted: dict[str, Pod] = {}
        self._given: dict[str, Pod] = {}  # to the kubelet, until nothing of it is left
        self._mirrors: dict[tuple[str, str], Pod] = {}
        self._begun = False  # until then not all mirrors are known
        self._asked: set[tuple[str, str]] = set()  # writes whose answers have not come

    def begin(self) -> None:
        """Look for the first time; the mirrors that there were are known."""
        self._begun = True
        self.look()
        self._ctx.call_every(LOOK_SECONDS, self.look)

    def took(self, change: Change[Pod]) -> bool:
        """Whether the change is of a mirror; then it is taken up."""
        pod = change.new if change.new is not None else change.old
        assert pod is not None
        if MIRROR not in pod.metadata.annotations:
            return False
        place = _place_of(pod)
        if change.new is None:
            self._mirrors.pop(place, None)
        else:
            self._mirrors[place] = change.new
            uid = change.new.metadata.annotations[MIRROR]
            if uid in self._given:
                self._kubelet.show_static(uid, change.new)
        if self._begun:
            self._reflect()
        return True

    def mirror_of(self, uid: str) -> Pod | None:
        """The mirror of a static pod; None while there is none."""
        mirror = self._mirrors.get(_place_of(self._given[uid]))
        if mirror is None or mirror.metadata.annotations.get(MIRROR) != uid:
            return None
        return mirror

    def is_static(self, uid: str) -> bool:
        """Whether a pod of the kubelet's is a static one."""
        return uid in self._given

    def uid_of(self, mirror_uid: str) -> str:
        """The uid by which the kubelet knows a pod that has this one in the API server."""
        for mirror in self._mirrors.values():
            if mirror.metadata.uid == mirror_uid:
                return mirror.metadata.annotations[MIRROR]
        return mirror_uid

    def look(self) -> None:
        """Read the directory if it has changed, and bring pods and mirrors to what it says."""
        self.read()
        self._run()
        self._reflect()

    def read(self) -> Set[str]:
        """The uids of the pods that the directory holds by now; one that has not changed is not read again."""
        signature = tuple(_signature(self._place))
        if signature != self._seen:
            self._seen = signature
            found = read(self._place, self._node.metadata.name, self._ctx.clock.now())
            self._wanted = dict(found.pods)
            for name, fault in found.faults.items():
                self._ctx.log.warning("static pod not read", file=name, error=fault)
        return self._wanted.keys()

    def _run(self) -> None:
        for uid in list(self._given):
            if not self._kubelet.runs_static(uid):
                del self._given[uid]
            elif uid not in self._wanted:
                self._kubelet.end_static(uid)
        taken = {_place_of(pod) for pod in self._given.values()}
        for uid, pod in self._wanted.items():
            place = _place_of(pod)
            if uid not in self._given and place not in taken:
                self._given[uid] = pod
                taken.add(place)
                mirror = self.mirror_of(uid)
                status = mirror.status if mirror is not None else None
                self._kubelet.begin_static(replace(pod, status=status))

    # --- mirrors ---------------------------------------------------------------------------

    def _reflect(self) -> None:
        shown = {_place_of(pod): pod for pod in self._given.values()}
        for place, mirror in list(self._mirrors.items()):
            static = shown.get(place)
            metadata = mirror.metadata
            if (
                static is None
                or metadata.annotations.get(MIRROR) != static.metadata.uid
                or metadata.deletion_timestamp is not None
            ):
                self._remove(place, mirror)
        for place, static in shown.items():
            if place not in self._mirrors and static.metadata.uid in self._wanted:
                self._create(place, static)

    def _remove(self, place: tuple[str, str], mirror: Pod) -> None:
        if place not in self._asked:
            self._asked.add(place)
            self._writes.delete(mirror, self._answered(place), self._answered(place))

    def _create(self, place: tuple[str, str], static: Pod) -> None:
        if place in self._asked:
            return
        self._asked.add(place)
        metadata, owner = static.metadata, self._node.metadata
        mirror = replace(
            static,
            metadata=ObjectMeta(
                name=metadata.name,
                namespace=metadata.namespace,
                labels=metadata.labels,
                annotations={**metadata.annotations, MIRROR: metadata.uid},
                owner_references=(
                    OwnerReference(
                        api_version="v1",
                        kind="Node",
                        name=owner.name,
                        uid=owner.uid,
                        controller=True,
                    ),
                ),
            ),
            status=None,
        )
        self._writes.create(mirror, self._answered(place), self._answered(place))

    def _answered(self, place: tuple[str, str]) -> Callable[[Any], None]:
        """What fails is tried at the next look; the watch tells what has happened."""
        return lambda _: self._asked.discard(place)


def _place_of(pod: Pod) -> tuple[str, str]:
    return pod.metadata.namespace, pod.metadata.name


def _signature(directory: Path) -> Iterator[tuple[str, int, int]]:
    """Names, times of change and sizes of the files."""
    if directory.is_dir():
        for path in sorted(directory.iterdir()):
            try:
                found = path.stat()
            except OSError:
                continue
            yield path.name, found.st_mtime_ns, found.st_size
