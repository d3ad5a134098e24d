"""`metadata.managedFields` that are worked out when somebody reads them.

Nearly all writes come from components in the same process, and nobody looks at who owns which field
of their objects. So a write leaves a ledger in the object's metadata: who wrote, when, and what the
object was before and after, which are references to frozen objects that exist anyway. A ledger
reads as the tuple of entries that it stands for; the first reader folds it, and the ledgers before
it, into managers. From then on it holds those and lets the objects go.

A writer that reports the status of one object again and again makes one ledger of all its reports, as
long as nobody else wrote and nobody read: from the status before the first to the last one. So a
field that such a writer changed and changed back is told as if it had not touched it. A chain that
nobody reads is folded when it gets longer than `MAX_UNREAD`.
"""

from collections.abc import Iterator, Sequence
from math import floor
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from orchestrator.api.meta.v1 import ManagedFieldsEntry
from orchestrator.machinery.errors import FieldSetError, ShapeError
from orchestrator.machinery.managed_fields.field_sets import NOTHING, FieldSet
from orchestrator.machinery.managed_fields.managers import (
    Managers,
    Ownership,
    entries_of,
    managers_of,
    updater,
)
from orchestrator.machinery.managed_fields.ownership import Pair, Writer, updated
from orchestrator.machinery.memo import IdentityMemo, MixedMemo
from orchestrator.machinery.times import format_time

MAX_UNREAD: Final = 8
# A manager without a time: the original keeps none for writes of some subresources.
TIMELESS: Final = -1.0
_ALIKE: Final = 1 << 10
_WRITTEN: Final = 1 << 6


class Path(Protocol):
    """The path by which objects are written: a version of a kind, or a subresource of it."""

    @property
    def api_version(self) -> str:
        """Of the entries of who writes by this path."""
        ...

    def writer(self, name: str) -> Writer:
        """Who writes by this path."""
        ...

    def pair(self, old: Any, new: Any, api_version: str, said: Any = None) -> Pair | None:
        """Two objects, either of them possibly None, as documents of a version.

        `said` is the document from which the new one was read, if its client sent one.
        """
        ...

    def created(self, new: Any) -> FieldSet:
        """What a manager owns that created this object."""
        ...

    def status_pair(self, old: Any, new: Any, api_version: str) -> Pair | None:
        """The same of objects that have nothing but these statuses."""
        ...


class _Created(NamedTuple):
    """Who owns what of new objects."""

    managers: Managers
    entries: tuple[ManagedFieldsEntry, ...]


def _creator(fields: FieldSet, who: str, api_version: str, second: int) -> _Created:
    if not fields:
        return _Created({}, ())
    owned = Ownership(fields, api_version, format_time(second))
    managers = {updater(who, api_version): owned}
    return _Created(managers, entries_of(managers))


def _text(entries: tuple[ManagedFieldsEntry, ...]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(entries))


_CREATORS: Final[MixedMemo[FieldSet, _Created]] = MixedMemo(_creator, _ALIKE)
_TEXTS: Final[IdentityMemo[tuple[ManagedFieldsEntry, ...], msgspec.Raw]] = IdentityMemo(
    _text, _WRITTEN
)


class Ledger:
    """One write, and those before it. Reads as a tuple of ManagedFieldsEntry."""

    __slots__ = (
        "_before",
        "_entries",
        "_managers",
        "_new",
        "_old",
        "_path",
        "_said",
        "_seconds",
        "_status",
        "_unread",
        "_who",
    )

    def __init__(
        self,
        before: "Ledger | tuple[ManagedFieldsEntry, ...]",
        path: Path,
        who: str,
        seconds: float,
        old: Any,
        new: Any,
        *,
        status: bool = False,
        said: Any = None,
    ) -> None:
        self._before: Ledger | tuple[ManagedFieldsEntry, ...] = before
        self._path = path
        self._who = who
        self._seconds = seconds
        self._old = old
        self._new = new
        self._status = status
        self._said = said
        self._managers: Managers | None = None
        self._entries: tuple[ManagedFieldsEntry, ...] | None = None
        self._unread: int = before._unread + 1 if isinstance(before, Ledger) else 1
        if self._unread > MAX_UNREAD:
            self.managers()

    def after_status(self, path: Path, who: str, seconds: float, old: Any, new: Any) -> "Ledger":
        """The ledger after a write that changed the status `old` into `new`, and nothing else."""
        if (
            self._status
            and self._managers is None
            and self._path is path
            and self._who == who
            and self._new is old
        ):
            return Ledger(self._before, path, who, seconds, self._old, new, status=True)
        return Ledger(self, path, who, seconds, old, new, status=True)

    def managers(self) -> Managers:
        """Who owns what. Not to be changed."""
        if self._managers is not None:
            return self._managers
        if type(self._before) is tuple:
            return self._fold(managers_in(self._before))
        unread: list[Ledger] = []
        at: Ledger | tuple[ManagedFieldsEntry, ...] = self._before
        while type(at) is Ledger and at._managers is None:
            unread.append(at)
            at = at._before
        managers = managers_in(at)
        while unread:
            managers = unread.pop()._fold(managers)
        return self._fold(managers)

    def _fold(self, before: Managers) -> Managers:
        try:
            return self._folded(before)
        except (
            ShapeError
        ):  # nobody could say whose the items of a list are, so nobody owns anything
            return self._let_go({})

    def _folded(self, before: Managers) -> Managers:
        if self._old is None and not before:
            return self._fold_creation()
        if not before:  # of an object whose fields nobody owns only an apply makes owners
            return self._let_go(before)
        path = self._path
        time = None if self._seconds == TIMELESS else format_time(self._seconds)
        pair = self._pair(path.api_version)
        if pair is None:  # a custom resource's version that is no longer served
            return self._let_go(before)
        writer = path.writer(self._who)
        managers = updated(pair, before, writer, time, self._pair)
        return self._let_go(managers)

    def _pair(self, api_version: str) -> Pair | None:
        """The write as a version sees it."""
        if self._status:
            return self._path.status_pair(self._old, self._new, api_version)
        return self._path.pair(self._old, self._new, api_version, self._said)

    def _fold_creation(self) -> Managers:
        """The commonest case: what is created alike in one second has one answer together, as pods of one template."""
        path = self._path
        # Whole seconds are told.
        created = _CREATORS(
            path.created(self._new), self._who, path.api_version, floor(self._seconds)
        )
        self._entries = created.entries
        return self._let_go(created.managers)

    def _let_go(self, managers: Managers) -> Managers:
        self._managers = managers
        self._before, self._old, self._new, self._said, self._unread = (), None, None, None, 0
        return managers

    def entries(self) -> tuple[ManagedFieldsEntry, ...]:
        """What the ledger stands for."""
        if self._entries is None:
            managers = self.managers()
            if self._entries is None:  # what is created alike has its entries already
                self._entries = entries_of(managers)
        return self._entries

    def text(self) -> msgspec.Raw:
        """The same as JSON."""
        return _TEXTS(self._entries or self.entries())

    # --- as a tuple ---

    def __iter__(self) -> Iterator[ManagedFieldsEntry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self._entries or self.entries())

    def __getitem__(self, index: Any) -> Any:
        return (self._entries or self.entries())[index]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, Ledger | tuple):
            return self.entries() == tuple(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.entries())


def settled(managers: Managers) -> Ledger:
    """The ledger of managers that are known already."""
    ledger = Ledger((), _NOWHERE, "", TIMELESS, None, None)
    ledger._managers = managers
    ledger._unread = 0
    return ledger


class _Nowhere:
    """The path of a ledger that was never written by any."""

    api_version = ""

    def writer(self, name: str) -> Writer:
        return Writer(name=name, api_version="")

    def pair(self, _old: Any, _new: Any, _api_version: str, _said: Any = None) -> Pair | None:
        return None

    def created(self, _new: Any) -> FieldSet:
        return NOTHING

    def status_pair(self, _old: Any, _new: Any, _api_version: str) -> Pair | None:
        return None


_NOWHERE: Final = _Nowhere()


def hides(managed_fields: Sequence[ManagedFieldsEntry] | Ledger) -> bool:
    """Whether an entry hides another one of the same manager, so that this is gone with the next write."""
    if type(managed_fields) is Ledger:
        return False
    return len(managed_fields) > 1 and len(managed_fields) != len(managers_in(managed_fields))


def managers_in(managed_fields: Sequence[ManagedFieldsEntry] | Ledger) -> Managers:
    """Who owns what by an object's managedFields; nobody, if they are no valid ones."""
    if type(managed_fields) is Ledger:
        return managed_fields.managers()
    try:
        return managers_of(managed_fields) if managed_fields else {}
    except FieldSetError:
        return {}
