"""The paths by which objects are written, as the owners of fields see them."""

from collections.abc import Hashable
from functools import cached_property
from typing import Any, Final

from msgspec.json import encode
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.empty_lists import Said
from orchestrator.api.errors import UnknownKind
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.conversion import conversion
from orchestrator.apiserver.kinds.defaulting import completer
from orchestrator.apiserver.kinds.kind import Convert, Default
from orchestrator.apiserver.kinds.resets import SPEC, STATUS
from orchestrator.apiserver.kinds.shapes import shape_of
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.machinery.documents import Object
from orchestrator.machinery.managed_fields.checking import check
from orchestrator.machinery.managed_fields.comparison import whole
from orchestrator.machinery.managed_fields.elements import FIELD
from orchestrator.machinery.managed_fields.field_sets import NOTHING, FieldSet
from orchestrator.machinery.managed_fields.ledger import Ledger
from orchestrator.machinery.managed_fields.outlines import outline_of
from orchestrator.machinery.managed_fields.ownership import Pair, Writer, created, ownable
from orchestrator.machinery.managed_fields.restating import as_said
from orchestrator.machinery.managed_fields.shapes import Shape

_FORMS: Final = 1 << 12
# Of a new object the server takes these away before it asks who says what.
_TAKEN_AWAY: Final = ("deletionTimestamp", "deletionGracePeriodSeconds")


class WritePath:
    """One version of a resource, or a subresource of it; made once, shared by all its writes."""

    def __init__(self, served: Served, scheme: Scheme, subresource: str) -> None:
        self.resource = served.resource
        self.subresource = subresource
        self._served = served
        self.kind = served.resource.kind
        self.type = served.type
        self.api_version = served.resource.api_version
        self._stored = served.stored
        self._row = served.kind
        self._scheme = scheme
        # By the outlines of objects, and by what the sets say.
        self._forms: dict[Hashable, FieldSet] = {}

    @cached_property
    def shape(self) -> Shape:
        """Of the objects of this version."""
        return shape_of(self.resource)

    @cached_property
    def _convert(self) -> Convert | None:
        return conversion(self._stored, self.resource)

    @cached_property
    def _complete(self) -> Default | None:
        return completer(self._row)

    def _completed(self, new: Any) -> Any:
        """An object with its defaults, as its author owns it."""
        complete = self._complete
        return new if complete is None else complete(new)

    @cached_property
    def _ownable(self) -> Shape:
        """The same without what nobody owns by this path."""
        return ownable(self.shape, self._reset)

    @cached_property
    def _reset(self) -> FieldSet:
        """What a write by this path leaves as it is."""
        return _reset(self.resource, self.subresource)

    def writer(self, name: str) -> Writer:
        """Who writes by this path."""
        return Writer(
            name=name,
            api_version=self.api_version,
            subresource=self.subresource,
            ignored=self._reset,
        )

    def to_stored(self, received: Any) -> Any:
        """An object of this version as it is stored."""
        return self._served.from_request(received)

    def pair(self, old: Any, new: Any, api_version: str, said: Any = None) -> Pair | None:
        """Two stored objects, either of them possibly None; `new` may lack its defaults, and was read from `said`."""
        completed = None if new is None else self._completed(new)
        # Without a document there is nobody who said that a list is empty: who changes an object hands such lists on.
        pair = self._pair_of(old, completed, api_version, told=said is not None or old is None)
        if pair is None:
            return None
        if not pair.shape.lasting:
            if not self.subresource and api_version == self.api_version:
                self._place_reset(pair.new)
            return pair
        if said is None:
            return pair
        return pair._replace(new=as_said(pair.new, said, pair.shape))

    def merged_pair(self, old: Any, new: Any, api_version: str) -> Pair | None:
        """The same of what an apply made: a part that it replaced has no defaults yet, and so differs."""
        return self._pair_of(old, new, api_version, told=True)

    def _pair_of(self, old: Any, new: Any, api_version: str, *, told: bool) -> Pair | None:
        """`told`: the new object has lists that somebody said to be empty."""
        resource = self._version(api_version)
        if resource is None:
            return None
        both = old is not None and new is not None
        if both and resource.type is self._stored.type is not Unstructured:
            old, new = _what_differs(old, new, told=told)
        after = self.document(new, resource, said=told)
        return self._pair(resource, self.document(old, resource), after)

    def created(self, new: Any) -> FieldSet:
        """What a manager owns that created this stored object; remembered by its outline."""
        new = self._completed(new)
        # What is converted may become other fields by its values.
        outline = outline_of(new) if self._convert is None else None
        if outline is None:
            return self._shared(self._said(new))
        known = self._forms.get(outline)
        if known is None:
            known = self._keep(outline, self._shared(self._said(new)))
        return known

    def _shared(self, fields: FieldSet) -> FieldSet:
        """An equal set that was made before: what clients create has few forms, and sets are larger than objects."""
        key = encode(fields)
        known = self._forms.get(key)
        if known is None:
            known = self._keep(key, fields)
        return known

    def _keep(self, key: Hashable, fields: FieldSet) -> FieldSet:
        if len(self._forms) >= _FORMS:
            self._forms.clear()
        self._forms[key] = fields
        return fields

    def _said(self, new: Any) -> FieldSet:
        document = self.document(new, said=True)
        metadata = document["metadata"]
        for name in _TAKEN_AWAY:
            metadata.pop(name, None)
        self._place_reset(document)
        return created(document, self._ownable, self._reset)

    def _place_reset(self, document: Object) -> None:
        """Nobody owns what this path resets, but what has no place there makes all fields nobody's. Raises ShapeError.

        Of a custom resource nobody has looked at it yet: it may be of another type.
        """
        fields = self.shape.map
        if fields is not None:
            for element in self._reset:
                name = element[len(FIELD) :]
                part, inside = document.get(name), fields.at(name)
                if part and inside is not None:
                    if not self.shape.lasting:
                        check(part, inside, twice=True)
                    whole(part, inside)

    def status_pair(self, old: Any, new: Any, api_version: str) -> Pair | None:
        """Two objects that have nothing but these statuses."""
        resource = self._version(api_version)
        if resource is None:
            return None
        make = self._stored.type
        before, after = make(status=old), make(status=new)
        return self._pair(resource, self.document(before, resource), self.document(after, resource))

    def _pair(self, resource: Resource, old: Object, new: Object) -> Pair:
        shape = self.shape if resource is self.resource else shape_of(resource)
        return Pair(old, new, shape, _reset(resource, self.subresource))

    def document(
        self, stored: Any, resource: Resource | None = None, *, said: bool = False
    ) -> Object:
        """A stored object in a version, without its managedFields; {} for None.

        `said`: with the empty lists that its author spoke of, which the store forgets.
        """
        if stored is None:
            return {}
        convert = self._convert
        if resource is not None and resource is not self.resource:
            convert = conversion(self._stored, resource)
        metadata = stored.metadata
        if type(metadata.managed_fields) is Ledger or metadata.managed_fields:
            stored = replace(stored, metadata=replace(metadata, managed_fields=()))
        shown = stored if convert is None else convert(stored)
        return codec.as_said(shown) if said else codec.to_dict(shown)

    def _version(self, api_version: str) -> Resource | None:
        if api_version == self.api_version:
            return self.resource
        try:
            found = self._scheme.by_kind(api_version, self.resource.kind)
        except UnknownKind:
            return None
        # By its key: a definition that changes brings new resources for the same objects.
        return found if self._scheme.storage(found).key == self._stored.key else None


def _what_differs(old: Any, new: Any, *, told: bool) -> tuple[Any, Any]:
    """Two objects of one kind without the parts that are the very same in both: these make no difference.

    Empty lists that somebody said are all one, and do (`told`).
    """
    before, after = {}, {}
    for name in old.__struct_fields__:
        was, became = getattr(old, name), getattr(new, name)
        if was is not became or (told and type(became) is Said):
            before[name], after[name] = was, became
    kind = type(old)
    return kind(**before), kind(**after)


def _reset(resource: Resource, subresource: str) -> FieldSet:
    """The fields that a write by this path leaves as they are, with all inside them."""
    special = kind_of(resource).resets.get(subresource)
    if special is not None:
        return special
    if subresource == "status":
        return SPEC
    return NOTHING if resource.subresource("status") is None else STATUS
