"""Query parameters as typed options, read and refused as Kubernetes does.

Numbers follow Go's strconv, and booleans Kubernetes' own rule: present and neither `false` nor `0`
means true. Options that contradict each other are Invalid, values that cannot be read BadRequest.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, cast

from msgspec import Struct
from msgspec.structs import replace
from multidict import MultiDict, MultiMapping

from orchestrator.api.meta.v1 import DeleteOptions, Preconditions
from orchestrator.apiserver.http.errors import cannot_parse, invalid_options
from orchestrator.machinery import field_errors, fields, labels
from orchestrator.machinery.errors import DurationError, SelectorError
from orchestrator.machinery.field_errors import FieldError
from orchestrator.machinery.memo import LONGEST_TEXT
from orchestrator.machinery.times import parse_duration
from orchestrator.protocol import BadRequest, PropagationPolicy

# The parameters of a URL; of a repeated one the first counts.
Query: TypeAlias = MultiMapping[str]

_INT64: Final = 2**63
_MANAGER_LENGTH: Final = 128
# What admission is shown as the client wrote it.
_SAID: Final = ("fieldManager", "fieldValidation")
_OF_WRITES: Final = frozenset((*_SAID, "dryRun", "force"))
_NOT_OLDER: Final = "NotOlderThan"


class ListOptions(Struct, frozen=True):
    """What a list, a watch or a delete of a collection asks for.

    `send_initial` is None when the client did not say; `timeout_seconds` 0 means the default.
    """

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    match: Literal["", "Exact", "NotOlderThan"] = ""
    timeout_seconds: int = 0
    bookmarks: bool = False
    send_initial: bool | None = None


class WriteOptions(Struct, frozen=True):
    """What a create, an update or a patch asks for; `said` are those options that the client wrote."""

    dry_run: bool = False
    field_manager: str = ""
    field_validation: Literal["Ignore", "Warn", "Strict"] = "Warn"
    force: bool = False
    said: Mapping[str, str] | None = None


_REQUEST_SECONDS: Final = 60.0


def integer(query: Query, name: str) -> int:
    """A 64-bit number; 0 when absent. Raises BadRequest."""
    if name not in query:
        return 0
    text = query.get(name, "")
    if not text:
        raise cannot_parse("ParseInt", "")
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdecimal()):
        raise cannot_parse("ParseInt", text)
    number = int(text) if len(digits) < 20 else _INT64
    if not -_INT64 <= number < _INT64:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": value out of range')
    return number


def allotted_seconds(query: Query) -> float:
    """How long a request may take that does not last: at most a minute, and a minute if it says nothing.

    Raises BadRequest.
    """
    text = query.get("timeout", "")
    try:
        seconds = parse_duration(text) if text else 0.0
    except DurationError as error:
        words = f"invalid timeout specified in the request URL - {error}"
        raise BadRequest(words) from error
    return min(seconds, _REQUEST_SECONDS) if seconds > 0 else _REQUEST_SECONDS


def boolean(query: Query, name: str) -> bool:
    """Whether a flag is set; False when absent."""
    return name in query and query.get(name, "").lower() not in ("false", "0")


def wants_watch(query: Query) -> bool:
    """Whether a GET of a collection is a watch."""
    return boolean(query, "watch")


def list_options(query: Query, *, watch: bool) -> ListOptions:
    """Raises BadRequest and Invalid."""
    seconds, limit = integer(query, "timeoutSeconds"), integer(query, "limit")  # told in this order
    options = ListOptions(
        label_selector=query.get("labelSelector", ""),
        field_selector=query.get("fieldSelector", ""),
        limit=limit,
        continue_token=query.get("continue", ""),
        resource_version=query.get("resourceVersion", ""),
        match=cast(Any, query.get("resourceVersionMatch", "")),
        timeout_seconds=seconds,
        bookmarks=boolean(query, "allowWatchBookmarks"),
        send_initial=boolean(query, "sendInitialEvents") if "sendInitialEvents" in query else None,
    )
    if watch:
        options = _with_watch_defaults(options)
    faults = _watch_faults(options) if watch else _list_faults(options)
    if faults:
        _check_selectors(options)
        raise invalid_options("ListOptions", *faults)
    return options


def _check_selectors(options: ListOptions) -> None:
    """Selectors that cannot be read are told before what contradicts. Raises BadRequest."""
    try:
        labels.parse(options.label_selector)
        fields.parse(options.field_selector)
    except SelectorError as error:
        raise BadRequest(str(error)) from error


def _with_watch_defaults(options: ListOptions) -> ListOptions:
    """A watch from nowhere in particular wants the present state first, and to be told of its end."""
    given = options.send_initial is not None or options.match
    if given or options.resource_version not in ("", "0"):
        return options
    return replace(options, send_initial=True, match=_NOT_OLDER)


def _list_faults(options: ListOptions) -> list[FieldError]:
    field, match = "resourceVersionMatch", options.match
    faults = []
    if match:
        if not options.resource_version:
            faults.append(_forbidden(field, "forbidden unless resourceVersion is provided"))
        if options.continue_token:
            faults.append(_forbidden(field, "forbidden when continue is provided"))
        if match not in ("Exact", _NOT_OLDER):
            supported = ("Exact", _NOT_OLDER, "")
            faults.append(field_errors.not_supported(field, match, supported))
        if match == "Exact" and options.resource_version == "0":
            faults.append(_forbidden(field, '"exact" is forbidden for resourceVersion "0"', ""))
    if options.send_initial is not None:
        faults.append(_forbidden("sendInitialEvents", "forbidden for list"))
    return faults


def _watch_faults(options: ListOptions) -> list[FieldError]:
    field, match = "resourceVersionMatch", options.match
    faults = []
    if options.send_initial is not None and match != _NOT_OLDER:
        detail = f"sendInitialEvents requires setting resourceVersionMatch to {_NOT_OLDER}"
        faults.append(field_errors.forbidden(field, detail))
    if match:
        if options.send_initial is None:
            detail = "forbidden for watch unless sendInitialEvents is provided"
            faults.append(_forbidden(field, detail))
        if match != _NOT_OLDER:
            faults.append(field_errors.not_supported(field, match, (_NOT_OLDER,)))
        if options.continue_token:
            faults.append(_forbidden(field, "forbidden when continue is provided"))
    return faults


def _forbidden(field: str, detail: str, verb: str = "is ") -> FieldError:
    return field_errors.forbidden(field, f"{field} {verb}{detail}")


# --- writing -------------------------------------------------------------------------------


def write_options(query: Query, kind: str, agent: str, *, applies: bool = False) -> WriteOptions:
    """`kind` is CreateOptions, UpdateOptions or PatchOptions. Raises Invalid.

    Without a field manager the client's program is it: what stands before the user agent's slash. A client says
    the same again and again, so what it meant is remembered.
    """
    said = tuple((name, value) for name, value in query.items() if name in _OF_WRITES)
    if len(agent) + sum(len(value) for _, value in said) > LONGEST_TEXT:
        return _read_options(said, kind, agent, applies)
    return _written(said, kind, agent, applies)


def _read_options(
    said: tuple[tuple[str, str], ...], kind: str, agent: str, applies: bool
) -> WriteOptions:
    query = MultiDict(said)
    manager = query.get("fieldManager", "")
    validation = query.get("fieldValidation", "")
    faults = []
    if applies and not manager:
        faults.append(field_errors.required("fieldManager", "is required for apply patch"))
    if kind == "PatchOptions" and "force" in query and not applies:
        faults.append(field_errors.forbidden("force", "may not be specified for non-apply patch"))
    faults += _manager_faults(manager)
    dry_run, dry_faults = _dry_run(query.getall("dryRun", []))
    faults += dry_faults
    if validation not in ("", "Ignore", "Warn", "Strict"):
        supported = ("", "Ignore", "Strict", "Warn")
        faults.append(field_errors.not_supported("fieldValidation", validation, supported))
    if faults:
        raise invalid_options(kind, *faults)
    return WriteOptions(
        dry_run=dry_run,
        field_manager=manager or _program(agent) or "unknown",
        field_validation=cast(Any, validation or "Warn"),
        force=boolean(query, "force"),
        said={name: query[name] for name in _SAID if query.get(name)} or None,
    )


_written: Final = lru_cache(maxsize=1024)(_read_options)


def _manager_faults(manager: str) -> list[FieldError]:
    field, faults = "fieldManager", []
    if len(manager.encode()) > _MANAGER_LENGTH:
        faults.append(field_errors.too_long(field, _MANAGER_LENGTH))
    if not manager.isprintable():
        for position, each in enumerate(manager):
            if not each.isprintable():
                at = len(manager[:position].encode())
                detail = f"invalid character U+{ord(each):04X} (at position {at})"
                faults.append(field_errors.invalid(field, manager, detail))
    return faults


def _dry_run(values: list[str] | tuple[str, ...]) -> tuple[bool, list[FieldError]]:
    if all(value == "All" for value in values):
        return bool(values), []
    return False, [field_errors.not_supported("dryRun", list(values), ("All",))]


def _program(agent: str) -> str:
    name = "".join(filter(str.isprintable, agent.split("/", 1)[0]))
    return name.encode()[:_MANAGER_LENGTH].decode(errors="ignore")


class DeleteChoice(Struct, frozen=True):
    """How to delete: what DeleteOptions say, in the protocol's terms."""

    grace_period_seconds: int | None = None
    propagation_policy: PropagationPolicy = ""
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False
    # The client said the old `orphanDependents: false`: such a delete is answered 202 until done.
    cascades: bool = False


def delete_options_of(query: Query) -> DeleteOptions:
    """The options of a delete without a body. Raises BadRequest."""
    has = query.__contains__
    uid, version = query.get("uid") or None, query.get("resourceVersion") or None
    return DeleteOptions(
        dry_run=tuple(query.getall("dryRun", [])),
        grace_period_seconds=integer(query, "gracePeriodSeconds")
        if has("gracePeriodSeconds")
        else None,
        orphan_dependents=boolean(query, "orphanDependents") if has("orphanDependents") else None,
        preconditions=Preconditions(uid=uid, resource_version=version) if uid or version else None,
        propagation_policy=query.get("propagationPolicy"),
    )


_POLICIES: Final[Mapping[str, PropagationPolicy]] = {
    "Foreground": "Foreground",
    "Background": "Background",
    "Orphan": "Orphan",
}
# The old parameter, from before there were three ways.
_ORPHANS: Final[Mapping[bool, PropagationPolicy]] = {True: "Orphan", False: "Background"}


def delete_choice(options: DeleteOptions) -> DeleteChoice:
    """Raises Invalid."""
    field, policy, orphan = (
        "propagationPolicy",
        options.propagation_policy,
        options.orphan_dependents,
    )
    faults = []
    if orphan is not None and policy is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        faults.append(field_errors.invalid(field, policy, detail))
    if policy is not None and policy not in _POLICIES:
        supported = ("Foreground", "Background", "Orphan", "nil")
        faults.append(field_errors.not_supported(field, policy, supported))
    dry_run, dry_faults = _dry_run(options.dry_run)
    faults += dry_faults
    if faults:
        raise invalid_options("DeleteOptions", *faults)
    preconditions = options.preconditions or Preconditions()
    return DeleteChoice(
        grace_period_seconds=options.grace_period_seconds,
        propagation_policy=_POLICIES.get(policy or "", "") if orphan is None else _ORPHANS[orphan],
        uid=preconditions.uid,
        resource_version=preconditions.resource_version,
        dry_run=dry_run,
        cascades=orphan is False,
    )
