"""Source text of the Structs: one module a group and version, `core.v1` in families."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from orchestrator.api.facts import ORDER, WRITTEN
from orchestrator.api.generate.fixups import (
    CORE_FAMILIES,
    PARTS,
    PLAIN_STRING_GROUPS,
    POINTER_FIELDS,
    POINTERS,
    SCALARS,
)
from orchestrator.api.generate.names import TypeName, camel, field_name, type_name

HEADER: Final = (
    "# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.\n"
    "# ruff: noqa\n"
)
_STRUCT: Final = "frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True"
_PRIMITIVES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_SCALAR_NAMES: Final = (
    "EMPTY",
    "IntOrString",
    "Json",
    "MicroTime",
    "Quantity",
    "Time",
    "required_mapping",
    "required_tuple",
    "shared",
)
_ZERO: Final = {
    "str": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "Quantity": 'lambda: "0"',
    "IntOrString": "int",
}
_TIMES: Final = ("Time", "MicroTime")


class Types:
    """The definitions of a document, ready to be written as modules."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.definitions: dict[str, dict[str, Any]] = document["definitions"]
        self.structs = {
            type_name(name): schema
            for name, schema in self.definitions.items()
            if name not in SCALARS
        }
        served = {
            (group, version, kind)
            for item in document["paths"].values()
            for _, group, version, kind in item.values()
        }
        self.families = self._families()
        self._served = served

    def modules(self) -> dict[str, str]:
        """Path below `orchestrator/api` -> source text."""
        files: dict[str, str] = {}
        packages = sorted({(t.group, t.version) for t in self.structs})
        for group, version in packages:
            files[f"{group}/__init__.py"] = (
                f'"""The kinds of the group that Kubernetes calls {group}."""\n'
            )
            if (group, version) == ("core", "v1"):
                files.update(self._core())
                continue
            members = [t for t in self.structs if t[:2] == (group, version)]
            files[f"{group}/{version}.py"] = self._module(f"{group}/{version}", members)
        return files

    # --- families of core/v1 ---------------------------------------------------------------

    def _families(self) -> dict[TypeName, str]:
        """Each core/v1 type's family: the first that reaches it."""
        result: dict[TypeName, str] = {}
        for family, roots in CORE_FAMILIES.items():
            pending = [TypeName("core", "v1", root) for root in roots]
            while pending:
                name = pending.pop()
                if name in result or name[:2] != ("core", "v1"):
                    continue
                result[name] = family
                pending.extend(self._uses(self.structs[name]))
        for name in self.structs:
            if name[:2] == ("core", "v1"):
                result.setdefault(name, "cluster")
        return result

    def _uses(self, schema: dict[str, Any]) -> Iterable[TypeName]:
        """The Structs that a schema names, at any depth, in the document's order."""
        reference = schema.get("$ref")
        if reference is not None:
            name = reference.removeprefix("#/definitions/")
            if name not in SCALARS:
                yield type_name(name)
        for value in schema.get("properties", {}).values():
            yield from self._uses(value)
        for key in ("items", "additionalProperties"):
            if key in schema:
                yield from self._uses(schema[key])

    def _core(self) -> dict[str, str]:
        files = {}
        exports = []
        for family in CORE_FAMILIES:
            members = sorted(t for t, f in self.families.items() if f == family)
            files[f"core/v1/{family}.py"] = self._module(f"core/v1/{family}", members)
            names = "".join(f"    {t.name} as {t.name},\n" for t in members)
            exports.append(f"from orchestrator.api.core.v1.{family} import (\n{names})\n")
        text = '"""Kubernetes core/v1, in families."""\n\n'
        files["core/v1/__init__.py"] = HEADER + text + "".join(exports)
        return files

    # --- one module ------------------------------------------------------------------------

    def _module(self, path: str, members: Iterable[TypeName]) -> str:
        members = sorted(members)
        here = set(members)
        imports: dict[str, set[str]] = {}
        for member in members:
            for used in self._uses(self.structs[member]):
                if used not in here:
                    imports.setdefault(self._home(used), set()).add(used.name)
        title = path.replace("/", ".")
        lines = [HEADER, f'"""Kubernetes {title}."""\n\n', "from __future__ import annotations\n\n"]
        lines.append(
            "from collections.abc import Mapping\n"
            "from types import NoneType\n"
            "from typing import ClassVar\n\n"
        )
        lines.append("from msgspec import Struct, field\n\n")
        # Two groups may use one name (events' and core's EventSeries); the other module's wins a prefix.
        self._aliases: dict[TypeName, str] = {}
        for module in sorted(imports):
            for name in sorted(imports[module]):
                if (
                    sum(name in names for names in imports.values())
                    + (any(t.name == name for t in members))
                    > 1
                ):
                    prefix = "".join(p.capitalize() for p in module.split(".")[2:4])
                    group, version = module.split(".")[2:4]
                    self._aliases[TypeName(group, version, name)] = f"{prefix}{name}"
            names_text = "".join(
                f"    {n} as {self._alias_of(module, n)},\n"
                if self._alias_of(module, n) != n
                else f"    {n},\n"
                for n in sorted(imports[module])
            )
            lines.append(f"from {module} import (\n{names_text})\n")
        names_text = "".join(f"    {name} as {name},\n" for name in _SCALAR_NAMES)
        lines.append(f"from orchestrator.api.scalars import (\n{names_text})\n")
        # Alphabetical: annotations are text, so an earlier class may name a later one.
        for member in members:
            lines.append(f"\n\n{self._struct(member)}")
        return "".join(lines)

    def _alias_of(self, module: str, name: str) -> str:
        group, version = module.split(".")[2:4]
        return self._aliases.get(TypeName(group, version, name), name)

    def _home(self, name: TypeName) -> str:
        if name[:2] == ("core", "v1"):
            return f"orchestrator.api.core.v1.{self.families[name]}"
        return f"orchestrator.api.{name.group}.{name.version}"

    def _struct(self, name: TypeName) -> str:
        schema = self.structs[name]
        lines = [f"class {name.name}(Struct, {_STRUCT}):\n"]
        kind = self.kind_of(name)
        if kind is not None:
            group, version = kind
            api_version = f"{group}/{version}" if group else version
            lines.append(f'    kind: ClassVar[str] = "{name.name}"\n')
            lines.append(f'    api_version: ClassVar[str] = "{api_version}"\n')
        body = [
            self._field(name, wire, value)
            for wire, value in in_order(name, schema)
            if kind is None or wire not in ("kind", "apiVersion")
        ]
        lines.extend(body or (["    pass\n"] if kind is None else []))
        return "".join(lines)

    def kind_of(self, name: TypeName) -> tuple[str, str] | None:
        """(group, version) when the definition is a kind: it has `kind` and `apiVersion`."""
        schema = self.structs[name]
        properties = schema.get("properties", {})
        served = schema.get("x-kubernetes-group-version-kind", ())
        if "kind" not in properties or "apiVersion" not in properties or not served:
            return None
        first = served[0]
        if len(served) > 1:  # meta types such as Status and DeleteOptions are known to all groups
            first = next((s for s in served if s["group"] == "" and s["version"] == "v1"), first)
        return first["group"], first["version"]

    def _field(self, owner: TypeName, wire: str, schema: dict[str, Any]) -> str:
        python = field_name(wire)
        required = wire in self.structs[owner].get("required", ())
        annotation, default, factory = self._typed(owner, wire, schema, required)
        renamed = f'name="{wire}"' if camel(python) != wire else ""
        if factory:
            value = f"field({', '.join(filter(None, (f'default_factory={factory}', renamed)))})"
        elif renamed:
            value = f"field(default={default}, {renamed})"
        else:
            value = default
        return f"    {python}: {annotation} = {value}\n"

    def _typed(
        self, owner: TypeName, wire: str, schema: dict[str, Any], required: bool
    ) -> tuple[str, str, str]:
        """Annotation, default, and default factory ("" when there is none)."""
        annotation = self._annotation(schema)
        written = written_fields(owner, self.structs[owner])
        is_written, is_null = wire in written, written.get(wire, False)
        if annotation.startswith("tuple["):
            return annotation, "()", "required_tuple" if is_written else ""
        if annotation.startswith("Mapping["):
            return annotation, "EMPTY", "required_mapping" if is_written else ""
        if annotation in ("ObjectMeta", "ListMeta"):
            return annotation, "", annotation if not required else f"lambda: {annotation}()"
        if annotation == "Json":
            return annotation, "None", "NoneType" if is_written else ""
        is_scalar = annotation in _ZERO
        if not is_written:
            if annotation == "str" and self._plain(owner, wire):
                return "str", '""', ""
            return f"{annotation} | None", "None", ""
        is_pointer = (".".join(owner), wire) in POINTERS
        if annotation in _TIMES or is_pointer or (is_null and not required):
            return f"{annotation} | None", "", "NoneType"
        zero = _ZERO.get(annotation, f"shared(lambda: {annotation}())")
        return annotation if is_scalar or required else f"{annotation} | None", "", zero

    def _plain(self, owner: TypeName, wire: str) -> bool:
        return (
            owner.group in PLAIN_STRING_GROUPS
            and wire not in POINTER_FIELDS
            and (".".join(owner), wire) not in POINTERS
        )

    def _annotation(self, schema: dict[str, Any]) -> str:
        reference = schema.get("$ref")
        if reference is not None:
            name = reference.removeprefix("#/definitions/")
            if name in SCALARS:
                return SCALARS[name]
            typed = type_name(name)
            return self._aliases.get(typed, typed.name)
        kind = schema.get("type")
        if kind == "array":
            return f"tuple[{self._annotation(schema['items'])}, ...]"
        if kind == "object":
            if "additionalProperties" in schema:
                return f"Mapping[str, {self._annotation(schema['additionalProperties'])}]"
            return "Json"
        return _PRIMITIVES[kind] if kind is not None else "Json"


@lru_cache(maxsize=1)
def _orders() -> dict[str, list[str]]:
    facts: dict[str, list[str]] = json.loads(ORDER.read_text())
    return facts


def in_order(owner: TypeName, schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The fields of a definition as Go writes them: in the order of its struct, else of the document."""
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    places = {wire: at for at, wire in enumerate(_orders().get(".".join(owner), properties))}
    return sorted(properties.items(), key=lambda each: places[each[0]])


@lru_cache(maxsize=1)
def _written() -> dict[str, dict[str, bool]]:
    facts: dict[str, dict[str, bool]] = json.loads(WRITTEN.read_text())
    return facts


def written_fields(owner: TypeName, schema: dict[str, Any]) -> dict[str, bool]:
    """The fields of a definition that are always written, by their names on the wire.

    True: as null if they are empty.
    """
    name = ".".join(owner)
    # Of what has no Go struct among the versioned types, the document knows best.
    found = _written().get(name, dict.fromkeys(schema.get("required", ()), False))
    return {wire: null for wire, null in found.items() if (name, wire) not in PARTS}
