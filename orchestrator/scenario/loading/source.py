"""A scenario file as text and as a document, and the errors that point into it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from orchestrator.machinery import manifests, quantities
from orchestrator.machinery.errors import MachineryError
from orchestrator.machinery.times import parse_duration
from orchestrator.scenario.errors import ScenarioError
from orchestrator.scenario.loading.wording import explained, unknown_field

_UNQUOTED: Final = re.compile(r"""^[^"'#]*(?:: |- |\[|, ?)\{\{""")
_QUOTE: Final = 'an expression must be quoted, for YAML takes a brace for a mapping: "{{nodes}}"'
_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")


class Source:
    """One scenario file. Everything that finds a fault in it says so by `error`."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    @classmethod
    def read(cls, path: Path) -> "Source":
        """The file's text. Raises ScenarioError."""
        try:
            return cls(path, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ScenarioError(str(path), 0, "", f"cannot be read: {reason}") from None

    def document(self) -> dict[str, Any]:
        """The one YAML document of the file. Raises ScenarioError."""
        try:
            documents = manifests.load_all(self.text, str(self.path))
        except MachineryError as error:
            if (line := self._unquoted()) is not None:
                raise ScenarioError(str(self.path), line, "", _QUOTE) from None
            message = str(error).removeprefix(f"{self.path}:").removeprefix(str(self.path))
            raise ScenarioError(str(self.path), 0, "", message.lstrip(": ")) from None
        if len(documents) != 1:
            raise self.error("", f"expected one Scenario document, got {len(documents)}")
        return documents[0]

    def _unquoted(self) -> int | None:
        """The first line with an expression that YAML takes for a mapping in a mapping."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if _UNQUOTED.search(line):
                return number
        return None

    def convert(self, document: Any, type_: Any, where: str) -> Any:
        """The document as a type. Raises ScenarioError."""
        try:
            return msgspec.convert(document, type_)
        except msgspec.ValidationError as error:
            text = str(error)
            match = _AT.search(text)
            path = match["path"] if match is not None else ""
            message = text[: match.start()] if match is not None else text
            full = ".".join(part for part in (where, path) if part)
            field = unknown_field(message)
            at = f"{full}.{field}" if field else full
            told = explained(message, type_, path)
            raise ScenarioError(str(self.path), _line_of(self.text, at), full, told) from None

    def seconds(self, text: str, where: str) -> float:
        """A duration in seconds. Raises ScenarioError."""
        try:
            return parse_duration(text)
        except MachineryError:
            raise self.error(where, f'expected a duration such as 30s, got "{text}"') from None

    def quantities(self, amounts: Mapping[str, Any], where: str) -> dict[str, str]:
        """Resources with quantities in their canonical form. Raises ScenarioError."""
        for resource, amount in amounts.items():
            if not quantities.is_quantity(amount):
                raise self.error(
                    f"{where}.{resource}",
                    f'expected a quantity such as 500m or 16Gi, got "{amount}"',
                )
        return {name: quantities.canonical(amount) for name, amount in amounts.items()}

    def beside(self, name: str) -> Path:
        """A path that the file names: absolute, or beside it."""
        return self.path.parent / name

    def error(self, path: str, message: str) -> ScenarioError:
        """The error that says where in the file what would be right."""
        return ScenarioError(str(self.path), _line_of(self.text, path), path, message)


def _line_of(text: str, path: str) -> int:
    """The line of the deepest part of `path` that the document has; 0 when there is none."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return 0
    line = 0
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and step.isdecimal():
            if int(step) >= len(node.value):
                break
            node = node.value[int(step)]
            line = node.start_mark.line + 1
        else:
            break
    return line
