"""Source text of the resource table: what the scheme knows, from the document's paths."""

import re
from typing import Any, Final

from orchestrator.api.generate.fixups import CATEGORIES, NOT_WATCHED, SHORT_NAMES
from orchestrator.api.generate.names import TypeName, type_name
from orchestrator.api.generate.types import HEADER, Types

_PATH: Final = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)/"
    r"(?P<namespaced>namespaces/\{namespace\}/)?(?P<plural>[a-z]+)"
    r"(?:/\{(?:name|path)\}(?:/(?P<sub>[a-z]+)(?:/\{path\})?)?)?"
)
# The document's actions as discovery's verbs.
_VERBS: Final = {
    "get": "get",
    "list": "list",
    "watch": "watch",
    "watchlist": "watch",
    "post": "create",
    "put": "update",
    "patch": "patch",
    "delete": "delete",
    "deletecollection": "deletecollection",
}
_ORDER: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


def resources(document: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a resource: group, version, plural, kind, namespaced, verbs, subresources."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for path, operations in document["paths"].items():
        match = _PATH.fullmatch(path)
        if match is None or "/watch/" in path:
            continue
        group, version, plural = match["group"] or "", match["version"], match["plural"]
        # `/api/v1/namespaces/{namespace}/status` is a namespace's, not a resource's in one.
        row = found.setdefault(
            (group, version, plural),
            {"namespaced": False, "kind": "", "verbs": set(), "subresources": {}},
        )
        for method, (action, *kind) in operations.items():
            if match["sub"]:
                known = row["subresources"].setdefault(match["sub"], [tuple(kind), set()])
                # Connections have one action for all methods; discovery tells them apart.
                known[1].add(_VERBS[method if action == "connect" else action])
                continue
            if match["namespaced"]:
                row["namespaced"] = True
            if action in ("post", "list", "get"):
                row["kind"] = kind[2]
            row["verbs"].add(_VERBS[action])
            if action == "list" and plural not in NOT_WATCHED:
                row["verbs"].add("watch")
    return [
        {"group": group, "version": version, "plural": plural, **row}
        for (group, version, plural), row in sorted(found.items())
        if row["kind"]
    ]


def resource_key(row: dict[str, Any]) -> str:
    """`pods`, `deployments.apps`."""
    return f"{row['plural']}.{row['group']}" if row["group"] else str(row["plural"])


def module(document: dict[str, Any], types: Types) -> str:
    """The table as a module: plain tuples, so that importing it costs nothing."""
    homes: dict[tuple[str, str, str], TypeName] = {}
    for definition, schema in document["definitions"].items():
        for served in schema.get("x-kubernetes-group-version-kind", ()):
            served_as = (served["group"], served["version"], served["kind"])
            homes.setdefault(served_as, type_name(definition))
    lines = [HEADER, '"""The resources of the document, as rows for `scheme.py`."""\n\n']
    lines.append("from typing import Any, Final\n\n")
    lines.append(
        "# group, version, plural, kind, namespaced, verbs, subresources (name, group, version, kind,\n"
        "# verbs), short names, categories, module and name of the type\n"
    )
    lines.append("RESOURCES: Final[tuple[tuple[Any, ...], ...]] = (\n")
    for row in resources(document):
        key = resource_key(row)
        home = homes[row["group"], row["version"], row["kind"]]
        verbs = tuple(v for v in _ORDER if v in row["verbs"])
        subresources = tuple(
            (name, *kind, tuple(v for v in _ORDER if v in sub_verbs))
            for name, (kind, sub_verbs) in sorted(row["subresources"].items())
        )
        categories = tuple(name for name, members in CATEGORIES.items() if key in members)
        values = (
            row["group"],
            row["version"],
            row["plural"],
            row["kind"],
            row["namespaced"],
            verbs,
            subresources,
            SHORT_NAMES.get(key, ()),
            categories,
            f"orchestrator.api.{home.group}.{home.version}",
            home.name,
        )
        lines.append(f"    {values!r},\n")
    lines.append(")\n")
    return "".join(lines)


def merge_module(document: dict[str, Any]) -> str:
    """How fields merge: type -> wire field -> (strategy, merge key, list type, list map keys)."""
    lines = [HEADER, '"""How fields merge in patches and applies, by type and wire name."""\n\n']
    lines.append("from collections.abc import Mapping\nfrom typing import Final\n\n")
    lines.append("Rule = tuple[str, str, str, tuple[str, ...]]\n\n")
    lines.append("MERGE: Final[Mapping[str, Mapping[str, Rule]]] = {\n")
    for definition, schema in sorted(document["definitions"].items()):
        rules = {}
        for wire, value in schema.get("properties", {}).items():
            rule = (
                value.get("x-kubernetes-patch-strategy", ""),
                value.get("x-kubernetes-patch-merge-key", ""),
                value.get("x-kubernetes-list-type", value.get("x-kubernetes-map-type", "")),
                tuple(value.get("x-kubernetes-list-map-keys", ())),
            )
            if any(rule):
                rules[wire] = rule
        if rules:
            lines.append(f"    {'.'.join(type_name(definition))!r}: {rules!r},\n")
    lines.append("}\n")
    return "".join(lines)
