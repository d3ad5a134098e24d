"""What a table is made of: columns, and a function from an object to a row's cells."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import PodSpec
from orchestrator.api.facts import COLUMNS
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.unstructured import Unstructured
from orchestrator.machinery.errors import TimeError
from orchestrator.machinery.times import human_duration, parse_time

K = TypeVar("K")
Cell: TypeAlias = str | int | float | bool | None
Row: TypeAlias = Sequence[Cell]

NONE: Final = "<none>"
UNSET: Final = "<unset>"
UNKNOWN: Final = "<unknown>"


class HasMetadata(Protocol):
    """Any object."""

    @property
    def metadata(self) -> ObjectMeta: ...


class Column(Struct, frozen=True):
    """A TableColumnDefinition, as it is written. Priority 1 columns are shown by `-o wide` only."""

    name: str
    type: str
    format: str
    description: str
    priority: int


class Printer(Struct, Generic[K], frozen=True):
    """The table of one kind. `cells(object, now)`: `now` is seconds since the epoch, for ages.

    `columns` are those of a definition; built-in kinds have theirs from `columns_of`. `conditions` are
    what a row says about its object as a whole (that a pod is done).
    """

    cells: Callable[[K, float], Row]
    conditions: Callable[[K], list[dict[str, Any]] | None] | None = None
    columns: tuple[Column, ...] = ()


# Kinds whose tables are those of others.
_SAME: Final = {"events.Event": "core.Event"}


@lru_cache(maxsize=1)
def _facts() -> Mapping[str, tuple[Column, ...]]:
    rows: dict[str, list[list[Any]]] = json.loads(COLUMNS.read_text())
    return {kind: tuple(Column(*each) for each in columns) for kind, columns in rows.items()}


def columns_of(type_: type[Any]) -> tuple[Column, ...]:
    """The columns of a kind's table; names and times of creation where Kubernetes shows no more."""
    return _facts().get(_key(type_)) or _facts()[""]


def is_plain(type_: type[Any]) -> bool:
    """Whether Kubernetes shows no more of a built-in kind than names and times of creation."""
    return type_ is not Unstructured and _key(type_) not in _facts()


def _key(type_: type[Any]) -> str:
    group = type_.__module__.split(".")[2]  # orchestrator.api.<group>
    kind = f"{group}.{type_.__name__}"
    return _SAME.get(kind, kind)


def columns_of_custom() -> tuple[Column, Column]:
    """The columns of custom kinds that name none: name and age."""
    name, created = _facts()[""]
    return name, replace(created, name="Age")


def since(time: str | None, now: float) -> str:
    """How long ago a time was, for people; `<unknown>` for none."""
    if not time:
        return UNKNOWN
    try:
        return human_duration(now - parse_time(time))
    except TimeError:
        return UNKNOWN


def age(obj: HasMetadata, now: float) -> str:
    """How long ago the object was created."""
    return since(obj.metadata.creation_timestamp, now)


def containers_and_images(spec: PodSpec | None) -> tuple[str, str]:
    """Names and images of a template's containers, each as a list with commas."""
    containers = () if spec is None else spec.containers
    return ",".join(c.name for c in containers), ",".join(c.image or "" for c in containers)


def joined(texts: Iterable[str], most: int = 3, *, empty: str = NONE) -> str:
    """The first few of a list, and how many more there are."""
    found = list(texts)
    shown = ",".join(found[:most])
    if not shown:
        return empty
    return shown if len(found) <= most else f"{shown} + {len(found) - most} more..."
