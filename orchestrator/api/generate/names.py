"""From the document's names to Python's."""

import keyword
import re
from typing import Final, NamedTuple

_PLURAL_ACRONYM: Final = re.compile(r"([A-Z]{2,})s(?![a-z])")
_ACRONYM: Final = re.compile(r"([A-Z]+)([A-Z][a-z])")
# Names of types that stand in annotations: a field of that name would hide them in its class.
_TYPES: Final = frozenset(("bool", "float", "int", "str", "tuple"))
_WORD: Final = re.compile(r"([a-z0-9])([A-Z])")


class TypeName(NamedTuple):
    """Where a definition lives: `orchestrator.api.<group>.<version>`, and its class name."""

    group: str
    version: str
    name: str


def type_name(definition: str) -> TypeName:
    """`io.k8s.api.core.v1.Pod` -> (core, v1, Pod)."""
    *_, group, version, name = definition.split(".")
    if version in ("resource", "runtime", "intstr", "version"):
        return TypeName("meta", "v1", name)
    return TypeName(group, version, name)


def field_name(wire: str) -> str:
    """The snake_case of a wire name: `clusterIPs` -> `cluster_ips`, `from` -> `from_`."""
    text = wire.lstrip("$").replace("-", "_")
    text = _PLURAL_ACRONYM.sub(lambda m: m[1].capitalize() + "s", text)
    text = _ACRONYM.sub(r"\1_\2", text)
    text = _WORD.sub(r"\1_\2", text).lower()
    return f"{text}_" if keyword.iskeyword(text) or text in _TYPES else text


def camel(field: str) -> str:
    """What msgspec's `rename="camel"` makes of a field."""
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)
