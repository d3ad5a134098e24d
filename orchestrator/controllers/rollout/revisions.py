"""One ControllerRevision: a patch that brings an owner's pod template back, under a name made of its hash.

Both hashes are Kubernetes' own, so that a template has the same name here as there. A StatefulSet's is FNV-1
of the patch's text and the collision count: the text is compact JSON with sorted keys, and what Go never
leaves out of it is written though it is empty. A DaemonSet's is the template's (`machinery.template_hash`).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.apps.v1 import ControllerRevision
from orchestrator.api.core.v1 import PodTemplateSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.machinery.names import safe_encode
from orchestrator.machinery.owners import owner_reference
from orchestrator.machinery.template_hash import template_hash

_PREFIX_LENGTH: Final = 223
_OFFSET: Final = 0x811C9DC5
_PRIME: Final = 0x01000193
# Characters that Go's encoder escapes in JSON, lest a browser take them for markup.
_MARKUP: Final = re.compile("[<>&\u2028\u2029]")


def patch_of(template: PodTemplateSpec) -> Mapping[str, Any]:
    """The patch that gives an object this template."""
    return {"spec": {"template": {**_whole(codec.to_dict(template)), "$patch": "replace"}}}


def template_of(revision: ControllerRevision) -> PodTemplateSpec:
    """The template that a revision keeps."""
    data: Any = revision.data
    kept = {k: v for k, v in data["spec"]["template"].items() if k != "$patch"}
    return codec.decode(kept, PodTemplateSpec)


def hash_of(patch: Mapping[str, Any], collisions: int) -> str:
    """The hash of a patch; `collisions` gives another for the same patch."""
    text = msgspec.json.encode(patch, order="sorted").decode()
    text = _MARKUP.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    number = _OFFSET
    for byte in f"{text}{collisions}".encode():
        number = (number * _PRIME & 0xFFFFFFFF) ^ byte
    return safe_encode(str(number))


def hash_of_patch(template: PodTemplateSpec, collisions: int) -> str:
    """The hash by which StatefulSets name a revision of a template."""
    return hash_of(patch_of(template), collisions)


def hash_of_template(template: PodTemplateSpec, collisions: int) -> str:
    """The hash by which DaemonSets do: of the template itself, as Deployments have it."""
    return template_hash(template, collisions or None)


def make(owner: Any, number: int, hash_: str, label: str) -> ControllerRevision:
    """The revision of the owner's present template; the hash stands in its label `label`, too.

    Its data stands in the order of its keys: clients compare the text with what Go writes of a template.
    """
    template: PodTemplateSpec = owner.spec.template
    ordered = msgspec.json.encode(patch_of(template), order="sorted")
    return ControllerRevision(
        metadata=ObjectMeta(
            name=f"{owner.metadata.name[:_PREFIX_LENGTH]}-{hash_}",
            namespace=owner.metadata.namespace,
            labels={**template.metadata.labels, label: hash_},
            annotations=owner.metadata.annotations,
            owner_references=(owner_reference(owner, controller=True),),
        ),
        data=msgspec.json.decode(ordered),
        revision=number,
    )


def in_order(revisions: Sequence[ControllerRevision]) -> list[ControllerRevision]:
    """Oldest first: by number, then age, then name."""
    return sorted(
        revisions,
        key=lambda r: (r.revision, r.metadata.creation_timestamp or "", r.metadata.name),
    )


def renumbered(revision: ControllerRevision, number: int) -> ControllerRevision:
    """The revision with another number: a roll-back makes an old one the newest."""
    return replace(revision, revision=number)


def _whole(template: dict[str, Any]) -> dict[str, Any]:
    """A template with the empty maps that Go writes: of its metadata, and of containers' resources."""
    spec = template.get("spec", {})
    for name in ("containers", "initContainers"):
        if name in spec:
            spec = {**spec, name: [{"resources": {}, **each} for each in spec[name]]}
    return {"metadata": {}, **template, "spec": {"containers": None, **spec}}
