"""A kind as one value: all that the server knows of it.

Every room asks this value; none keeps a table of kinds. A built-in kind's stands as a row at the end of
its family; a custom resource's is made while the server runs (`custom.py`).
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeAlias

from msgspec import Struct

from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.kinds.resets import USUAL, Resets
from orchestrator.apiserver.kinds.scaling import TYPED, Scaling
from orchestrator.apiserver.kinds.strategy import COMMON, Strategy, Traits
from orchestrator.apiserver.kinds.versions import Versions
from orchestrator.apiserver.printing import HasMetadata, Printer, Row
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.apiserver.validation.warnings import Warnings
from orchestrator.machinery.managed_fields.shapes import Shape
from orchestrator.machinery.names import path_segment_errors

Default: TypeAlias = Callable[[Any], Any]
Convert: TypeAlias = Callable[[Any], Any]
Converts: TypeAlias = Mapping[type[Any], Convert]


def _created_cells(obj: HasMetadata, now: float) -> Row:
    return obj.metadata.name, obj.metadata.creation_timestamp or ""


# What nothing more is known of keeps the least that a name in a URL must keep.
UNKNOWN_RULES: Final = Rules(name=path_segment_errors)
PLAIN_TABLE: Final[Printer[Any]] = Printer(cells=_created_cells)


class Kind(Struct, frozen=True):
    """What the server knows of one kind in one version.

    `type`: the Struct of its objects. `rules`: what is refused. `path_rules`: what is
    refused of stored objects that come by this version's path, where it is not the same. `default`: fills in what the author
    left out, after the amounts were made canonical (unless it `keeps_amounts`); `default_applied`: the same for what is
    applied, where that is something else. `stored`: what is stored of an object that was judged, where that is something else. `seen`: how a stored object of a custom kind looks in its version. `strategy` and
    `traits`: what happens when it is created, changed and deleted. `table`: what `kubectl get`
    shows. `converts`: functions to the types of other versions that differ in more than their name.
    `answers_deleted`: whether a finished delete answers the last object instead of a Status.
    `warnings`: what whoever writes an object is told though it is accepted, of the new object and the
    old one (None for a new one); `status_warnings`, by the path of the status. `deletion_warning`: what whoever deletes one is told, unless the request
    says what becomes of the dependents. `usage`: what an object counts against quotas, in nano units by the quota's name of the resource.
    `metadata_inside`: the metadata of an object as Kubernetes has it inside and shows it in tables and as
    PartialObjectMetadata, where that is not what the object says.
    `shape`: which lists and maps of a custom kind have an owner for each item, by its schema.
    `scaling`: where its objects say how many replicas they want and have.
    `selectable`: the fields that a custom kind's objects can be selected by, beside their names.
    `resets`: what writes of its subresources leave as it is, where that is not the usual.
    `schema`: the OpenAPI schema that a custom kind's definition gives.
    `unknown`: the paths of what an object holds and its schema does not name, for a custom kind; it
    raises DecodeError for embedded resources that are none.
    `since`: the revision from which on a custom kind's objects are written by this definition.
    `ending`: whether a custom kind's definition is being deleted, so that nothing is created any more.
    `versions`: what is known of a custom kind's objects in its versions, if a webhook converts them.
    `deprecation`: what users of a custom kind's version are told. `strategic`: whether strategic merge patches are taken. `custom`: whether the objects are
    `Unstructured`, so that their kind and version stand in themselves. `gates`: what a feature gate makes of the
    kind, by its name.
    """

    type: type[Any]
    rules: Rules = UNKNOWN_RULES
    path_rules: Rules | None = None
    default: Default | None = None
    default_applied: Default | None = None
    stored: Default | None = None
    seen: Default | None = None
    keeps_amounts: bool = False
    strategy: Callable[[Resource, Traits], Strategy] = Strategy
    traits: Traits = COMMON
    table: Printer[Any] = PLAIN_TABLE
    converts: Converts = {}
    answers_deleted: bool = False
    warnings: Callable[[Any, Any], Warnings] | None = None
    status_warnings: Callable[[Any], Warnings] | None = None
    deletion_warning: str = ""
    usage: Callable[[Any], Mapping[str, int]] | None = None
    metadata_inside: Callable[[ObjectMeta], ObjectMeta] | None = None
    shape: Callable[[], Shape] | None = None
    scaling: Scaling = TYPED
    selectable: Mapping[str, Callable[[Any], str]] = {}
    resets: Resets = USUAL
    schema: Mapping[str, Any] | None = None
    unknown: Callable[[Any], list[str]] | None = None
    since: int = 0
    ending: bool = False
    versions: Versions | None = None
    deprecation: str | None = None
    strategic: bool = True
    custom: bool = False
    gates: "Mapping[str, Callable[[Kind], Kind]]" = {}

    def behind(self, gates: Collection[str]) -> "Kind":
        """The kind of a server on which these feature gates are on."""
        kind = self
        for name, changed in self.gates.items():
            if name in gates:
                kind = changed(kind)
        return kind
