"""Static pods: the manifests in a directory of a node, as the pods that its kubelet runs without being told by anybody.

As Kubernetes' file source: the pod's name gets the node's, its uid is made of what the manifest says, so that a changed
file is another pod. A file that begins with a dot is none; one that holds no pod is left out, and said so.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import Container, Pod, PodSpec, Toleration
from orchestrator.api.errors import DecodeError
from orchestrator.kubelet.image_names import full_name
from orchestrator.machinery import manifests
from orchestrator.machinery.errors import ManifestError
from orchestrator.machinery.times import format_time

SOURCE: Final = "kubernetes.io/config.source"
HASH: Final = "kubernetes.io/config.hash"
SEEN: Final = "kubernetes.io/config.seen"
MIRROR: Final = "kubernetes.io/config.mirror"
_GRACE_SECONDS: Final = 30


class Manifests(Struct, frozen=True):
    """What a directory holds: pods by their uid, and what is wrong with files, by their name."""

    pods: Mapping[str, Pod]
    faults: Mapping[str, str]


def read(directory: Path, node: str, now: float) -> Manifests:
    """The static pods of a directory; a directory that is not there has none."""
    pods: dict[str, Pod] = {}
    faults: dict[str, str] = {}
    for path in _files(directory):
        try:
            pod = static_pod(path.read_bytes(), str(path), node, now)
        except (OSError, ManifestError, DecodeError, ValueError) as error:
            faults[path.name] = str(error)
        else:
            pods[pod.metadata.uid] = pod
    return Manifests(pods, faults)


def _files(directory: Path) -> Iterator[Path]:
    if directory.is_dir():
        for path in sorted(directory.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                yield path


def static_pod(data: bytes, name: str, node: str, now: float) -> Pod:
    """The pod of a manifest on a node. Raises ManifestError, DecodeError and ValueError, which name the file."""
    document = manifests.load(data, name)
    if document.get("kind") != "Pod":
        raise ValueError(f"{name}: expected a Pod, got {document.get('kind')!r}")
    pod = codec.from_dict(document, Pod)
    metadata, spec = pod.metadata, pod.spec
    if spec is None or not spec.containers or not metadata.name:
        raise ValueError(f"{name}: expected a Pod with a name and containers")
    seed = hashlib.md5(usedforsecurity=False)
    for part in (node, name, data):
        seed.update(part if isinstance(part, bytes) else part.encode())
    uid = metadata.uid or seed.hexdigest()
    annotations = {**metadata.annotations, SOURCE: "file", HASH: uid, SEEN: format_time(now) or ""}
    stays = Toleration(operator="Exists", effect="NoExecute")
    return replace(
        pod,
        metadata=replace(
            metadata,
            name=f"{metadata.name}-{node}".lower(),
            namespace=metadata.namespace or "default",
            uid=uid,
            annotations=annotations,
            creation_timestamp=format_time(now),
            generation=1,
        ),
        spec=replace(_complete(spec), node_name=node, tolerations=(*spec.tolerations, stays)),
        status=None,
    )


def _complete(spec: PodSpec) -> PodSpec:
    """The spec with the defaults on which the life of its containers depends: nobody else fills them in."""
    grace = spec.termination_grace_period_seconds
    return replace(
        spec,
        restart_policy=spec.restart_policy or "Always",
        dns_policy=spec.dns_policy or "ClusterFirst",
        termination_grace_period_seconds=_GRACE_SECONDS if grace is None else grace,
        enable_service_links=True
        if spec.enable_service_links is None
        else spec.enable_service_links,
        containers=tuple(_completed(c) for c in spec.containers),
        init_containers=tuple(_completed(c) for c in spec.init_containers),
    )


def _completed(container: Container) -> Container:
    latest = full_name(container.image).endswith(":latest")
    policy = container.image_pull_policy or ("Always" if latest else "IfNotPresent")
    return replace(container, image_pull_policy=policy)
