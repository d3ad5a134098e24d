"""Specs of pods apart from the names of their claims.

Pods with a volume each, as those of a stateful set, differ in nothing but the claims that they name. Apart from
these names their specs are one object, so that whoever remembers something of specs knows it of all of them.
"""

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any, Final, TypeAlias

import msgspec
from msgspec.structs import astuple, replace

from orchestrator.api.core.v1 import PersistentVolumeClaimVolumeSource, PodSpec, Volume
from orchestrator.machinery.memo import IdentityMemo, MixedMemo

Names: TypeAlias = tuple[str, ...]

NO_NAMES: Final[Names] = ()
_ANY: Final = "claim"  # stands for each name
_MOST: Final = 1 << 11
_VOLUMES: Final = PodSpec.__struct_fields__.index("volumes")
_encode: Final = msgspec.json.Encoder().encode


def without_names(spec: PodSpec) -> tuple[PodSpec, Names]:
    """The spec with one name in the place of its claims' names, and these.

    One that names no claim, or leaves out a name, or holds what does not belong there, is as it was.
    """
    names = tuple(_names_in(spec.volumes))
    if not names or not all(type(name) is str and name for name in names):
        return spec, NO_NAMES
    return replace(spec, volumes=_renamed(spec.volumes, repeat(_ANY))), names


def _apart(spec: PodSpec) -> tuple[PodSpec, Names]:
    """The same, where specs that are the same beside these names become one object."""
    bare, names = without_names(spec)
    if not names:
        return spec, NO_NAMES
    parts = astuple(spec)
    key = (
        _encode(bare.volumes),
        *map(id, parts[:_VOLUMES]),
        *map(id, parts[_VOLUMES + 1 :]),
    )
    known = _KNOWN.get(key)
    if known is None:
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
        known = _KNOWN[key] = bare  # it holds the parts, whose ids are so their own
    return known, names


_KNOWN: Final[dict[tuple[Any, ...], PodSpec]] = {}
apart: Final = IdentityMemo(_apart, _MOST)
"""The spec with one name in the place of its claims' names, the same object for specs that differ in these alone; and
the names, none where it names no claim."""


def _named(spec: PodSpec, *names: str) -> PodSpec:
    return replace(spec, volumes=_renamed(spec.volumes, iter(names))) if names else spec


named: Final[MixedMemo[PodSpec, PodSpec]] = MixedMemo(_named, _MOST)
"""A spec whose claims have these names, in their order."""


def _names_in(volumes: Iterable[Any]) -> Iterator[Any]:
    for volume in volumes:
        claim = volume.persistent_volume_claim if type(volume) is Volume else None
        if type(claim) is PersistentVolumeClaimVolumeSource:
            yield claim.claim_name


def _renamed(volumes: Iterable[Volume], names: Iterator[str]) -> tuple[Volume, ...]:
    return tuple(
        volume
        if type(volume) is not Volume or volume.persistent_volume_claim is None
        else _with_name(volume, volume.persistent_volume_claim, next(names))
        for volume in volumes
    )


def _with_name(volume: Volume, claim: PersistentVolumeClaimVolumeSource, name: str) -> Volume:
    return replace(volume, persistent_volume_claim=replace(claim, claim_name=name))
