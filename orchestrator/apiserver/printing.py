"""What a table is made of: columns, and a function from an object to a row's cells."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from orchestrator.api.core.v1 import PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
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

    `conditions` are what a row says about its object as a whole (that a pod is done).
    """

    columns: tuple[Column, ...]
    cells: Callable[[K, float], Row]
    conditions: Callable[[K], list[dict[str, Any]] | None] | None = None


def column(
    name: str, description: str, type_: str = "string", *, format_: str = "", wide: bool = False
) -> Column:
    """One column; `type_` is an OpenAPI type."""
    return Column(name, type_, format_, description, 1 if wide else 0)


def wide(name: str, description: str) -> Column:
    """A column of `-o wide`."""
    return column(name, description, wide=True)


NAME: Final = column("Name", "The object's name.", format_="name")
AGE: Final = column("Age", "How long ago the object was created.")
CREATED_AT: Final = column("Created At", "When the object was created.", "date")
CONTAINERS: Final = wide("Containers", "The names of the template's containers.")
IMAGES: Final = wide("Images", "The images of the template's containers.")
SELECTOR: Final = wide("Selector", "Which pods are meant, by their labels.")


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
    if not found:
        return empty
    shown = ",".join(found[:most])
    return shown if len(found) <= most else f"{shown} + {len(found) - most} more..."
