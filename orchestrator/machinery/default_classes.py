"""Classes that are marked as the cluster's default: of several the newest counts, as in Kubernetes."""

from collections.abc import Iterable
from typing import Final, Protocol

from orchestrator.api.meta.v1 import ObjectMeta

STORAGE_MARKS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
"""The annotations that mark a StorageClass; one is enough."""


class Marked(Protocol):
    """What may be marked."""

    @property
    def metadata(self) -> ObjectMeta: ...


def is_marked(obj: Marked, marks: tuple[str, ...]) -> bool:
    """Whether a class is marked as default by one of the annotations."""
    return any(obj.metadata.annotations.get(mark) == "true" for mark in marks)


def default_name(classes: Iterable[Marked], marks: tuple[str, ...]) -> str:
    """The name of the newest class that is marked as default; "" when none is."""
    marked = [each.metadata for each in classes if is_marked(each, marks)]
    if not marked:
        return ""
    newest = max(meta.creation_timestamp or "" for meta in marked)
    return min(meta.name for meta in marked if (meta.creation_timestamp or "") == newest)
