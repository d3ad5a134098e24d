"""Field selectors: `metadata.name=web,status.phase!=Running`.

Only equality and inequality exist, and only of a few fields of each resource; an unset field
reads as "" (a flag as "false", a count as "0"). A selector compiles, once per text and resource,
to a closure over the object's own attributes.

Kubernetes checks the field names first and asks the object afterwards, from two lists that differ:
pods accept `status.podIPs` and then never match it. That is kept.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Struct

from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.field_getters import ALIASES, CLUSTER_SCOPED, FIELDS, Getter
from orchestrator.machinery.memo import remembered

Matcher: TypeAlias = Callable[[Any], bool]

NAME: Final = "metadata.name"
NAMESPACE: Final = "metadata.namespace"


class Requirement(NamedTuple):
    """One condition on one field."""

    field: str
    equal: bool
    value: str

    def __str__(self) -> str:
        return f"{self.field}{'=' if self.equal else '!='}{escape(self.value)}"


class Selector(Struct, frozen=True):
    """A compiled selector; `matches(object)` is an attribute."""

    requirements: tuple[Requirement, ...]
    matches: Matcher

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not self.requirements

    def exact(self, field: str) -> str | None:
        """The one value that the field must have, if the selector fixes it; for an index."""
        for requirement in self.requirements:
            if requirement.field == field and requirement.equal:
                return requirement.value
        return None

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


def _everything(_object: Any) -> bool:
    return True


EVERYTHING: Final = Selector((), _everything)

# --- the text ------------------------------------------------------------------------------

_TERM: Final = re.compile(r"(?:[^\\,]++|\\.)*+\\?", re.DOTALL)
_OPERATOR: Final = re.compile("!=|==|=")


def parse(text: str) -> tuple[Requirement, ...]:
    """The requirements, sorted by their text; "" has none. Raises SelectorError."""
    found = []
    for term in sorted(_terms(text)):
        operator = _OPERATOR.search(term)
        if operator is None:
            message = f"invalid selector: '{text}'; can't understand '{term}'"
            raise SelectorError(message, text)
        value = _unescaped(term[operator.end() :], text)
        if not value and operator.start() == 0:
            continue  # no field is without a value
        found.append(Requirement(term[: operator.start()], operator[0] != "!=", value))
    return tuple(found)


def _terms(text: str) -> list[str]:
    """The text split at commas that no backslash escapes."""
    terms: list[str] = []
    position = 0
    while position <= len(text):
        match = _TERM.match(text, position)
        assert match is not None
        terms.append(match[0])
        position = match.end() + 1
    return [term for term in terms if term]


def _unescaped(value: str, text: str) -> str:
    if not any(char in value for char in "\\,="):
        return value
    result = []
    chars = iter(value)
    for char in chars:
        if char == "\\":
            escaped = next(chars, "")
            if escaped not in ("\\", ",", "="):
                message = f"invalid field selector: invalid escape sequence: \\{escaped}"
                raise SelectorError(message, text)
            result.append(escaped)
        elif char in ",=":
            # The original prints the character's number, too.
            message = f"invalid field selector: unescaped character in value: {ord(char)}"
            raise SelectorError(message, text)
        else:
            result.append(char)
    return "".join(result)


def escape(value: str) -> str:
    r"""A value as it must stand in a selector: `\`, `,` and `=` behind a backslash."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


# --- resources -----------------------------------------------------------------------------


def compiled(text: str, resource: str = "", custom: Mapping[str, Getter] | None = None) -> Selector:
    """The selector for a resource, named by its key (`pods`, `jobs.batch`).

    `custom` are the fields of a custom resource beside its name and namespace: its `selectableFields`;
    None for Kubernetes' own. Raises SelectorError for a text that is none and for a field that the
    resource does not support.
    """
    if not text:
        return EVERYTHING
    if custom is not None:
        return _compile(text, resource, custom)
    return _compiled(text, resource)


@remembered(1 << 12, longest=4096)
def _compiled(text: str, resource: str) -> Selector:
    return _compile(text, resource, None)


def _compile(text: str, resource: str, custom: Mapping[str, Getter] | None) -> Selector:
    aliases = ALIASES.get(resource, {})
    requirements = tuple(
        requirement._replace(field=aliases.get(requirement.field, requirement.field))
        for requirement in parse(text)
    )
    getters = {**supported(resource), **(custom or {})}
    for requirement in requirements:
        if requirement.field not in getters:
            raise SelectorError(_not_supported(requirement.field, resource, custom), text)
    matchers = tuple(_matcher(each, getters[each.field]) for each in requirements)
    if len(matchers) == 1:
        return Selector(requirements, matchers[0])
    return Selector(requirements, lambda object_: all(each(object_) for each in matchers))


def _matcher(requirement: Requirement, getter: Getter) -> Matcher:
    value = requirement.value
    if requirement.equal:
        return lambda object_: getter(object_) == value
    return lambda object_: getter(object_) != value


def supported(resource: str) -> Mapping[str, Getter]:
    """The fields of a resource that can be selected by, and how each is read."""
    getters: dict[str, Getter] = {NAME: _name}
    if resource not in CLUSTER_SCOPED:
        getters[NAMESPACE] = _namespace
    return {**getters, **FIELDS.get(resource, {})}


def _name(object_: Any) -> str:
    name: str = object_.metadata.name
    return name


def _namespace(object_: Any) -> str:
    namespace: str = object_.metadata.namespace
    return namespace


def _not_supported(field: str, resource: str, custom: Mapping[str, Getter] | None) -> str:
    if resource == "jobs.batch":
        return f"field label {quote(field)} not supported for Job"
    if resource == "resourceslices.resource.k8s.io":
        return f"field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {field}"
    if custom is not None or resource in FIELDS:
        return f"field label not supported: {field}"
    return f"{quote(field)} is not a known field selector: only {quote(NAME)}, {quote(NAMESPACE)}"
