"""Build JSON from YAML's parse events, on a stack of our own.

YAML's composer recurses in C and can be made to overflow the stack by 40 KB of `[`; a few
aliases can stand for millions of nodes. So nothing is composed: each event adds to the value that
is being built, with bounds on depth, on the number of values and on what aliases copy.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import yaml

from orchestrator.machinery import yaml_scalars
from orchestrator.machinery.documents import MAX_DEPTH, Json, copied, kind_of, too_deep
from orchestrator.machinery.errors import ManifestError
from orchestrator.machinery.source_text import position, refuse, surrogate_in

MAX_NODES: Final = 2_000_000
MAX_ALIASED_NODES: Final = 100_000
# libyaml compares each %TAG with all before it, and the interpreter stands still meanwhile.
MAX_TAG_DIRECTIVES: Final = 100
_TAG_DIRECTIVE: Final = re.compile(r"^%TAG", re.MULTILINE)

# libyaml is ten times as fast; the pure parser makes the same events.
_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def yaml_documents(
    text: str, source: str, repeated: list[str] | None = None
) -> list[tuple[Json, int, int]]:
    """Each document's value with the line and column where it starts; empty ones are left out.

    Keys that stand twice in a map are added to `repeated` (`line 3: key "a" already set in map`), and the
    last one counts; without that list they are faults. Raises ManifestError.
    """
    built = _built(text, source, repeated)
    return [(each.root, *each.start) for each in built if each.root is not None]


def first_document(text: str, source: str, repeated: list[str]) -> Json:
    """The value of the first document, None for an empty one; what stands behind it is not read.

    `repeated` is as for `yaml_documents`. Raises ManifestError.
    """
    first = next(_built(text, source, repeated), None)
    return None if first is None else first.root


def _built(text: str, source: str, repeated: list[str] | None) -> "Iterator[_Builder]":
    _check_directives(text, source)
    builder = _Builder(source, repeated=repeated)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.DocumentStartEvent):
                if event.version not in (None, _VERSION):
                    refuse("found incompatible YAML document", source, *_place(event))
                builder = _Builder(source, builder.nodes, repeated)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield builder
            else:
                builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = error.problem or "the text is no YAML"
        raise ManifestError(reason, source, line, column, words=_words(error, reason)) from None
    except yaml.reader.ReaderError as error:
        offset = error.position if isinstance(error.position, int) else 0
        refuse(str(error.reason), source, *position(text, min(offset, len(text))))
    except yaml.YAMLError as error:
        refuse(str(error), source, 1, 1)


def _words(error: yaml.MarkedYAMLError, reason: str) -> str:
    """The sentence of Go's library, which counts lines from 0 but for what its scanner refuses."""
    line = 0
    if error.problem_mark is not None and error.problem_mark.line:
        line = error.problem_mark.line + isinstance(error, yaml.scanner.ScannerError)
    elif error.context_mark is not None:
        line = error.context_mark.line
    return f"line {line}: {reason}" if line else reason


def _check_directives(text: str, source: str) -> None:
    for number, found in enumerate(_TAG_DIRECTIVE.finditer(text), start=1):
        if number > MAX_TAG_DIRECTIVES:
            reason = f"more than {MAX_TAG_DIRECTIVES} %TAG directives"
            refuse(reason, source, *position(text, found.start()))


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


class _Open:
    """A list or object that is being filled. `key` is the key that waits for its value."""

    __slots__ = ("anchor", "key", "merged", "nodes_before", "value")

    def __init__(self, value: Json, anchor: str | None, nodes_before: int) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None
        self.merged: set[str] = set()  # keys that `<<` brought, which may be said again
        self.nodes_before = nodes_before


_VERSION: Final = (1, 1)
_MERGE: Final = "<<"
_MERGING: Final = "\x00<<"  # no key of a document; NUL is not allowed in YAML


class _Builder:
    """Builds one document from events."""

    def __init__(self, source: str, nodes: int = 0, repeated: list[str] | None = None) -> None:
        self.root: Json = None
        self.start = (1, 1)
        self.nodes = nodes
        self._source = source
        self._repeated = repeated
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Json, int]] = {}  # the value and its number of nodes
        self._aliased = 0
        self._begun = False

    def take(self, event: yaml.Event) -> None:
        """Add what one event says. Raises ManifestError."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _fail(self, event: yaml.Event, reason: str, words: str = "") -> NoReturn:
        """`words`: what Kubernetes' library says, where that is something else."""
        raise ManifestError(reason, self._source, *_place(event), words=words)

    def _count(self, event: yaml.Event) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._fail(event, f"more than {MAX_NODES} values")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(event)
        if self._expects_key() and event.value == _MERGE and event.implicit[0]:
            self._stack[-1].key = _MERGING
            return
        try:
            value = yaml_scalars.resolve(event.value, event.tag, plain=event.implicit[0])
        except yaml_scalars.NoJsonError as error:
            self._fail(event, str(error), error.words)
        except ValueError as error:
            self._fail(event, str(error))
        if not self._expects_key():
            value = yaml_scalars.in_json(value)
        if isinstance(value, str) and surrogate_in(value) is not None:
            self._fail(event, "a string has a lone surrogate")
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(event, value)

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._count(event)
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", yaml_scalars.MAP_TAG if mapping else yaml_scalars.SEQ_TAG):
            self._fail(event, f"the tag {event.tag} has no meaning in a manifest")
        if self._expects_key():
            self._fail(event, "a key must be a scalar")
        if len(self._stack) >= MAX_DEPTH:
            self._fail(event, f"exceeded max depth {MAX_DEPTH}")
        self._mark_start(event)
        if event.anchor:
            # Until it is complete, the anchor stands for nothing: no value contains itself.
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Open({} if mapping else [], event.anchor, self.nodes))

    def _close(self, event: yaml.MappingEndEvent | yaml.SequenceEndEvent) -> None:
        opened = self._stack.pop()
        if opened.anchor:
            size = self.nodes - opened.nodes_before + 1
            self._anchors[opened.anchor] = (opened.value, size)
        self._put(event, opened.value)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor
        if name not in self._anchors:
            words = f"unknown anchor '{name}' referenced"
            if any(opened.anchor == name for opened in self._stack):
                words = f"anchor '{name}' value contains itself"
            self._fail(event, f"the alias *{name} stands for nothing yet", words)
        value, size = self._anchors[name]
        self._aliased += size
        self.nodes += size
        if self._aliased > MAX_ALIASED_NODES:
            reason = f"the aliases stand for more than {MAX_ALIASED_NODES} values"
            self._fail(event, reason, "document contains excessive aliasing")
        if too_deep(value, MAX_DEPTH - len(self._stack)):
            self._fail(event, f"exceeded max depth {MAX_DEPTH}")
        self._put(event, copied(value))

    def _mark_start(self, event: yaml.Event) -> None:
        if not self._begun:
            self._begun = True
            self.start = _place(event)

    def _expects_key(self) -> bool:
        return bool(self._stack) and type(self._stack[-1].value) is dict and not self._has_key()

    def _has_key(self) -> bool:
        return self._stack[-1].key is not None

    def _put(self, event: yaml.Event, value: Json) -> None:
        """Set a complete value where it belongs."""
        if not self._stack:
            self._mark_start(event)
            self.root = value
            return
        parent = self._stack[-1]
        if type(parent.value) is list:
            parent.value.append(value)
        elif parent.key is None:
            parent.key = self._key(event, value)
        elif parent.key == _MERGING:
            self._merge(event, parent, value)
            parent.key = None
        else:
            parent.value[parent.key] = value
            parent.key = None

    def _key(self, event: yaml.Event, value: Json) -> str:
        if isinstance(value, (dict, list)) or value is None:
            self._fail(event, f"a key must be a scalar, not {kind_of(value)}")
        text = yaml_scalars.key_text(value)
        opened = self._stack[-1]
        if text in opened.value and text not in opened.merged:
            fault = f'key "{text}" already set in map'
            if self._repeated is None:
                self._fail(event, fault)
            self._repeated.append(f"line {_place(event)[0]}: {fault}")
        return text

    def _merge(self, event: yaml.Event, parent: _Open, value: Json) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(each, dict) for each in sources):
            self._fail(event, "map merge requires map or sequence of maps as the value")
        # Like Kubernetes' library and unlike the standard, what stands later wins: a key said
        # before the `<<` is overwritten. Of several maps the first wins.
        for each in reversed(sources):
            parent.value.update(each)
            parent.merged.update(each)
