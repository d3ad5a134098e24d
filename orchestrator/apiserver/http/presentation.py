"""From objects to documents: an object or a list, whole, as metadata, or as a table."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from orchestrator.api import protobuf_writer
from orchestrator.api.autoscaling.v1 import Scale
from orchestrator.api.go_text import as_go_writes
from orchestrator.api.scheme import Resource, Subresource
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.http.encodings import Encodings
from orchestrator.apiserver.http.negotiation import Form
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.autoscaling.scale_tables import SCALE, custom_scale
from orchestrator.apiserver.printing import Column, Printer, columns_of, columns_of_custom, is_plain
from orchestrator.machinery.yaml_writing import yaml_text
from orchestrator.protocol import BadRequest, NotAcceptable, Page, Unclassified

# Items that are encoded before others have their turn; encoding takes about 3 µs an item.
SLICE: Final = 500
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
_SCALE: Final = "Scale"
_CORE: Final = (
    "",
    "events",
)  # groups whose kinds are the core group's inside of Kubernetes' server

_ENCODER: Final = msgspec.json.Encoder()
_DELETE: Final = 0x7F
# Those that JSON does not escape.
_NO_YAML: Final = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")


def _encode(value: Any) -> bytes:
    return as_go_writes(_ENCODER.encode(value))


class Presenter:
    """Makes documents of one resource's objects, or parts of them, in the form that one request asks for.

    `include` says what a table's rows hold of their objects: Metadata (also ""), Object or None.
    `now` is seconds since the epoch, for the ages in tables.
    """

    def __init__(
        self,
        resource: Resource,
        form: Form,
        include: str,
        encodings: Encodings,
        now: float,
        part: Subresource | None = None,
    ) -> None:
        if form.shape == "Table" and include not in ("", "Metadata", "Object", "None"):
            raise BadRequest(
                "Unable to convert to Table as requested: includeObject: "
                f"Invalid value: \"{include}\": must be 'Metadata', 'Object', 'None', or empty"
            )
        self._resource = resource
        self._form = form
        self._include = include
        self._encodings = encodings
        is_scale = part is not None and part.kind == _SCALE
        kind = kind_of(resource)
        self._printer: Printer[Any] = kind.table
        if is_scale:
            self._printer = custom_scale() if kind.custom else SCALE
        self._shown_metadata = kind.metadata_inside
        self._shown = Scale if is_scale else resource.type
        self.now = now
        self.headers = True  # tables begin with their columns; in a watch only the first does

    def object(self, obj: Any) -> bytes:
        """One object's document. Raises NotAcceptable, and what Kubernetes fails with for custom resources."""
        shape = self._form.shape
        if not shape:
            return self._encodings.object(obj)
        if shape == "PartialObjectMetadata":
            return self._encodings.metadata(obj, self._form.meta_version, self._shown_metadata)
        if shape == "Table":
            version = obj.metadata.resource_version  # "" of what a dry run made
            metadata = {"resourceVersion": version} if version else {}
            return self._table(metadata) + self._row(obj) + b"]}"
        if kind_of(self._resource).custom:
            raise Unclassified("content is not a list")
        raise NotAcceptable(
            "you requested PartialObjectMetadataList, but the requested object is not a list "
            f"({self._go_type})"
        )

    @property
    def _go_type(self) -> str:
        """Of the kind inside of Kubernetes' server: `*core.ConfigMap`."""
        resource = self._resource
        if kind_of(resource).custom:
            return "*unstructured.Unstructured"
        group = resource.group.partition(".")[0]
        return f"*{'core' if group in _CORE else group}.{resource.kind}"

    def page(self, page: Page) -> Iterator[bytes]:
        """A list's document in pieces of at most SLICE items. Raises NotAcceptable."""
        # What is made up when it is read has no revision.
        is_kept = "watch" in self._resource.verbs
        metadata: dict[str, Any] = {"resourceVersion": str(page.revision)} if is_kept else {}
        # A list of custom resources says that nothing follows, too.
        if page.continue_token or (not self._form.shape and kind_of(self._resource).custom):
            metadata["continue"] = page.continue_token
        if page.remaining is not None:
            metadata["remainingItemCount"] = page.remaining
        head, tail = self._list_head(metadata), b"]}"
        if not self._form.shape and kind_of(self._resource).custom:
            head, tail = self._custom_list(metadata)
        if not page.items and self._is_null_when_empty():
            yield head[:-1] + b"null}"  # the original makes no list of nothing
            return
        yield head
        make = self._item_maker()
        items: Sequence[Any] = page.items
        for start in range(0, len(items), SLICE):
            piece = b",".join([make(item) for item in items[start : start + SLICE]])
            yield b"," + piece if start else piece
        yield tail  # the newline is the answer's

    def _custom_list(self, metadata: dict[str, Any]) -> tuple[bytes, bytes]:
        """What stands before and behind the items: such a list is a map, too, whose keys are in order."""
        head = _encode({"apiVersion": self._resource.api_version})[:-1] + b',"items":['
        rest = {"kind": self._resource.list_kind, "metadata": dict(sorted(metadata.items()))}
        return head, b"]," + _encode(rest)[1:]

    def _is_null_when_empty(self) -> bool:
        """Whether a list of nothing is no list: of metadata, and of rows that say a name and an age alone."""
        if self._form.shape == "Table":
            return not self._printer.columns and is_plain(self._shown)
        return self._form.shape == "PartialObjectMetadataList"

    def _item_maker(self) -> Any:
        shape = self._form.shape
        if not shape:
            return self._encodings.item
        return self._row if shape == "Table" else self._partial

    def _partial(self, obj: Any) -> bytes:
        return self._encodings.metadata(obj, self._form.meta_version, self._shown_metadata)

    def _list_head(self, metadata: dict[str, Any]) -> bytes:
        shape = self._form.shape
        if shape == "Table":
            return self._table(metadata)
        if shape == "PartialObjectMetadata":
            raise NotAcceptable(
                "you requested PartialObjectMetadata, but the requested object is a list "
                f"({self._go_type}List)"
            )
        kind, api_version = self._resource.list_kind, self._resource.api_version
        if shape == "PartialObjectMetadataList":
            kind, api_version = shape, self._form.meta_version
        head = {"kind": kind, "apiVersion": api_version, "metadata": metadata}
        return _encode(head)[:-1] + b',"items":['

    def _table(self, metadata: dict[str, Any]) -> bytes:
        head = {
            "kind": "Table",
            "apiVersion": self._form.meta_version,
            "metadata": metadata,
            "columnDefinitions": self._columns() if self.headers else None,
        }
        return _encode(head)[:-1] + b',"rows":['

    def _columns(self) -> tuple[Column, ...]:
        if self._printer.columns:
            return self._printer.columns
        return columns_of_custom() if self._shown is Unstructured else columns_of(self._shown)

    def _row(self, obj: Any) -> bytes:
        printer = self._printer
        row = b'{"cells":' + _encode(printer.cells(obj, self.now))
        conditions = printer.conditions(obj) if printer.conditions is not None else None
        if conditions:
            row += b',"conditions":' + _encode(conditions)
        if self._include == "None":
            return row + b',"object":null}'
        whole = self._include == "Object"
        return (
            row
            + b',"object":'
            + (self._encodings.object(obj) if whole else self._partial(obj))
            + b"}"
        )


def rendered(document: bytes, form: Form, *, pretty: bool) -> tuple[bytes, str]:
    """A JSON document in the media type of the form, and that media type. Raises Unclassified."""
    if form.media == "yaml":
        if not document.isascii() or _DELETE in document:
            _check_yaml(document.decode())
        value = msgspec.json.decode(document)
        return yaml_text(value).encode(), "application/yaml"
    if form.media == "protobuf":
        return protobuf_writer.encode(msgspec.json.decode(document)), PROTOBUF
    if pretty or form.pretty:
        return indented(document), "application/json"
    return document + b"\n", "application/json"


def indented(document: bytes) -> bytes:
    """A JSON document for people; no newline ends it."""
    return msgspec.json.format(document, indent=2)


def _check_yaml(document: str) -> None:
    """The original's library reads the JSON document as YAML, which may not hold all signs. Raises Unclassified."""
    if _NO_YAML.search(document):
        raise Unclassified("yaml: control characters are not allowed")
