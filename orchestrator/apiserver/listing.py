"""Lists: the present state or a past one, selected, page by page."""

import base64
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.api.json_errors import json_error
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.indexes import Indexes
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.selection import Selection, compiled
from orchestrator.apiserver.telemetry.storage import Looked
from orchestrator.apiserver.validation.field import cause_of
from orchestrator.machinery import field_errors
from orchestrator.machinery.digits import whole
from orchestrator.machinery.errors import SelectorError
from orchestrator.protocol import BadRequest, Invalid, List, Page
from orchestrator.store import Compacted, FutureRevision, Key, Store

_TOKEN_VERSION: Final = "meta.k8s.io/v1"
_LEGAL: Final = re.compile(r"[A-Za-z0-9_-]*")
_BAD_TOKEN: Final = "invalid continue token: continue key is not valid: "
_VERSION_WORDS: Final = f"version {_TOKEN_VERSION}"
_REVISIONS: Final = 2**64
# The revision of a token that leads on in whatever state there is by then.
_PRESENT: Final = -1
_MATCH: Final = "resourceVersionMatch"


class ContinueToken(Struct, frozen=True):
    """Where the next page begins: behind a key, in the state of a revision, or below 0 in the present one."""

    v: str = ""
    rv: int = 0
    start: str = ""

    def encode(self) -> str:
        """As a client gets it: opaque, and fit for a URL."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


def decode_token(text: str) -> ContinueToken:
    """The token that a client sent back. Raises BadRequest."""
    legal = len(_LEGAL.match(text)[0])  # type: ignore[index]  # it may be of no length
    if legal < len(text) or legal % 4 == 1:
        place = legal if legal < len(text) else legal - 1
        raise BadRequest(f"{_BAD_TOKEN}illegal base64 data at input byte {place}")
    data = base64.urlsafe_b64decode(text + "=" * (-legal % 4))
    try:
        token = msgspec.json.decode(data, type=ContinueToken)
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadRequest(f"{_BAD_TOKEN}{json_error(data) or error}") from error
    if token.v != _TOKEN_VERSION:
        raise BadRequest(f"{_BAD_TOKEN}server does not recognize this encoded version {token.v}")
    if token.rv == 0:
        raise BadRequest(f"{_BAD_TOKEN}incorrect encoded start resourceVersion ({_VERSION_WORDS})")
    if not token.start:
        raise BadRequest(f"{_BAD_TOKEN}encoded start key empty ({_VERSION_WORDS})")
    return token


def selection_of(resource: Resource, label_selector: str, field_selector: str) -> Selection:
    """The compiled selectors of a request. Raises BadRequest."""
    try:
        kind = kind_of(resource)
        fields = kind.selectable if kind.custom else None
        return compiled(resource.key, label_selector, field_selector, fields)
    except SelectorError as error:
        raise BadRequest(str(error)) from error


def present(
    store: Store,
    indexes: Indexes,
    served: Served,
    namespace: str,
    selection: Selection,
    looked: Looked | None = None,
) -> tuple[Any, ...]:
    """The objects that are selected now, in the version asked for."""
    bucket = served.bucket
    candidates: Iterable[Any] | None = None
    if selection.matches is not None:
        candidates = indexes.candidates(bucket, namespace, selection.fields)
        name = selection.fixed("metadata.name")
        if candidates is None and name is not None and (namespace or not served.stored.namespaced):
            found = store.get(bucket, namespace, name)
            candidates = () if found is None else (found,)
    if candidates is None:
        candidates = store.list(bucket, namespace)
    if looked is not None:
        candidates = looked.at(candidates)
    return tuple(_selected(served, candidates, selection))


def _selected(served: Served, stored: Iterable[Any], selection: Selection) -> Iterable[Any]:
    if served.versions is not None:
        stored = tuple(stored)
        served.versions.require(stored, served.resource.api_version)
    if served.from_stored is not None:
        stored = map(served.from_stored, stored)
    return stored if selection.matches is None else filter(selection.matches, stored)


def answer_list(
    store: Store,
    indexes: Indexes,
    served: Served,
    message: List,
    looked: Looked,
    oldest: int = 0,
) -> Page:
    """One page. `oldest` is the first revision of which lists are still answered.

    Errors: BadRequest, Invalid, Expired, ServerTimeout.
    """
    selection = selection_of(served.resource, message.label_selector, message.field_selector)
    revision = _revision(store, message)
    if revision is None and message.limit <= 0 and not message.continue_token:
        items = present(store, indexes, served, message.namespace, selection, looked)
        return Page(items, store.revision)
    return _page(store, served, message, selection, revision, looked, oldest)


def _revision(store: Store, message: List) -> int | None:
    """The revision at which to list; None: the present one."""
    text, match = message.resource_version, message.match
    if message.continue_token:
        decode_token(message.continue_token)  # what is wrong with it is said first
        if text and text != "0":
            raise BadRequest("specifying resource version is not allowed when using continue")
        return None
    if match and not text:
        raise _forbidden_match(f"{_MATCH} is forbidden unless resourceVersion is provided")
    if not text:
        return None
    if not text.isdecimal() or (revision := whole(text)) >= _REVISIONS:
        raise errors.invalid_version(text)
    if match == "Exact" and revision == 0:
        raise _forbidden_match(f'{_MATCH} "exact" is forbidden for resourceVersion "0"')
    if revision > store.revision:
        raise errors.too_large(revision, store.revision)
    # A first page at a revision is of that very revision even if nobody says "Exact".
    exact = match == "Exact" or (not match and message.limit > 0)
    return revision if exact and revision else None


def _forbidden_match(detail: str) -> Invalid:
    fault = field_errors.forbidden(_MATCH, detail)
    return errors.invalid("ListOptions", "meta.k8s.io", "", [cause_of(fault)])


def _page(
    store: Store,
    served: Served,
    message: List,
    selection: Selection,
    revision: int | None,
    looked: Looked,
    oldest: int,
) -> Page:
    after: Key | None = None
    if message.continue_token:
        token = decode_token(message.continue_token)
        after = Key(*token.start.split("/", 1)) if "/" in token.start else Key("", token.start)
        revision = None if token.rv < 0 else token.rv
    at = store.revision if revision is None else revision
    try:
        if at < oldest:
            raise Compacted(at, oldest)
        stored = store.scan(served.bucket, message.namespace, after=after, at=at)
    except Compacted as error:
        if after is None:
            raise errors.list_expired() from error
        raise errors.continue_expired(_token(after, _PRESENT)) from error
    except FutureRevision as error:
        raise errors.too_large(error.revision, error.present) from error
    items = iter(_selected(served, looked.at(stored), selection))
    # At version "0" Kubernetes answers from its cache, which knows no pages.
    if message.limit <= 0 or message.resource_version == "0":
        return Page(tuple(items), at)
    page = tuple(islice(items, message.limit))
    if len(page) < message.limit or next(items, None) is None:
        return Page(page, at)
    last = Key(page[-1].metadata.namespace, page[-1].metadata.name)
    remaining = None
    if selection.matches is None:  # only then is every object behind the page one of the list
        remaining = store.count_behind(served.bucket, message.namespace, after=last, at=at)
    return Page(page, at, _token(last, at), remaining)


def _token(last: Key, at: int) -> str:
    start = f"{last.namespace}/{last.name}" if last.namespace else last.name
    return ContinueToken(_TOKEN_VERSION, at, start).encode()
