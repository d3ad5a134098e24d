"""Write JSON values as YAML, as Kubernetes' library does: what reads it gets the same value back.

Keys are in the order of that library, which counts in numbers; text that would be read as something else (`y`,
`0755`, `1e3`) is in double quotes, and text of several lines is a block.
"""

import re
from functools import cmp_to_key
from typing import Any, Final

import yaml

from orchestrator.machinery import yaml_scalars

_Dumper: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
# Old readers take numbers with colons for ones of base 60.
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
# Where a bare text ends that is the whole document.
_OPEN_END: Final = "...\n"
# No text is so long that it would be put into lines.
_ENDLESS: Final = 2**31
# What Kubernetes' writer knows nothing of, so that `=`, `<<` and `*` are mere text.
_UNKNOWN: Final = tuple(f"tag:yaml.org,2002:{name}" for name in ("value", "merge", "yaml"))


class _Style:
    """What differs from the library's dumpers in Kubernetes'."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the library has it
        first: [(tag, pattern) for tag, pattern in rows if tag not in _UNKNOWN]
        for first, rows in _Dumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        """An object that comes twice is written twice."""
        return True


class _Writer(_Style, _Dumper):  # type: ignore[misc]  # one of two classes
    """The library's dumper with the style and the order of Kubernetes'."""


def _text(writer: Any, text: str) -> Any:
    style = None
    if "\n" in text:
        style = "|"
    elif not _is_text(text) or _elsewhere(writer, text) != yaml_scalars.STR_TAG:
        style = '"'
    return writer.represent_scalar(yaml_scalars.STR_TAG, text, style=style)


def _is_text(text: str) -> bool:
    """Whether a reader of the bare text would take it for text."""
    if _BASE_60.fullmatch(text):
        return False
    try:
        return isinstance(yaml_scalars.resolve(text, None, plain=True), str)
    except ValueError:
        return False


def _elsewhere(writer: Any, text: str) -> Any:
    """What readers of YAML 1.1 take the bare text for: a date, for one, which here is text."""
    return writer.resolve(yaml.ScalarNode, text, (True, False))


def _mapping(writer: Any, value: dict[str, Any]) -> Any:
    ordered = sorted(value.items(), key=lambda pair: _KEY(pair[0]))
    return writer.represent_mapping(yaml_scalars.MAP_TAG, ordered)


def _mapping_in_order(writer: Any, value: dict[str, Any]) -> Any:
    return writer.represent_mapping(yaml_scalars.MAP_TAG, value.items())


def _compare(one: str, other: str) -> int:
    """The order of two keys: numbers in them by their value, letters behind what is neither."""
    in_digits = False
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if a == b:
            in_digits = a.isdecimal()
            continue
        if a.isalpha() and b.isalpha():
            return -1 if a < b else 1
        if a.isalpha() or b.isalpha():
            return -1 if a.isalpha() == in_digits else 1
        numbers = _number(one, i), _number(other, i)
        if numbers[0] != numbers[1]:
            return -1 if numbers[0] < numbers[1] else 1
        return -1 if a < b else 1
    return len(one) - len(other)


_KEY: Final = cmp_to_key(_compare)


def _number(text: str, start: int) -> tuple[int, int]:
    """The number that begins there, and how many digits it has."""
    end = start
    while end < len(text) and text[end].isdecimal():
        end += 1
    return int(text[start:end] or "0"), end - start


_Writer.add_representer(str, _text)
_Writer.add_representer(dict, _mapping)


def yaml_text(value: Any) -> str:
    """The one document of a JSON value."""
    text: str = yaml.dump(value, Dumper=_Writer, default_flow_style=False, allow_unicode=True)
    return text


class _OrderedWriter(_Style, yaml.SafeDumper):
    """The style of the library's newer version, which leaves keys where they were."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """What is inside stands at the next fourth column, but behind the dash of a list's item."""
        self.indents.append(self.indent)
        if self.indent is None:
            self.indent = 0
        elif self.states[-1] == self.expect_block_sequence_item:
            self.indent += 2
        else:
            self.indent += self.best_indent - self.indent % self.best_indent


_OrderedWriter.add_representer(str, _text)
_OrderedWriter.add_representer(dict, _mapping_in_order)


def yaml_in_order(value: Any) -> str:
    """The one document of a JSON value, whose keys stay where they are."""
    text: str = yaml.dump(
        value,
        Dumper=_OrderedWriter,
        indent=4,
        width=_ENDLESS,
        default_flow_style=False,
        allow_unicode=True,
    )
    return text.removesuffix(_OPEN_END)
