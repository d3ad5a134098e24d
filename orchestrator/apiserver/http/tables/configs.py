"""Namespaces and what is written into them for others to read."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import (
    ComponentStatus,
    ConfigMap,
    Namespace,
    NamespaceStatus,
    Secret,
    ServiceAccount,
)
from orchestrator.apiserver.http.tables.printer import AGE, NAME, Printer, Row, age, column


def _namespace_cells(obj: Namespace, now: float) -> Row:
    return obj.metadata.name, (obj.status or NamespaceStatus()).phase, age(obj, now)


_NAMESPACES: Final = Printer(
    columns=(NAME, column("Status", "Active, or Terminating."), AGE), cells=_namespace_cells
)


def _config_map_cells(obj: ConfigMap, now: float) -> Row:
    return obj.metadata.name, len(obj.data) + len(obj.binary_data), age(obj, now)


_CONFIG_MAPS: Final = Printer(
    columns=(NAME, column("Data", "How many entries it has."), AGE), cells=_config_map_cells
)


def _secret_cells(obj: Secret, now: float) -> Row:
    return obj.metadata.name, obj.type, len(obj.data), age(obj, now)


_SECRETS: Final = Printer(
    columns=(
        NAME,
        column("Type", "What the secret is for."),
        column("Data", "How many entries it has."),
        AGE,
    ),
    cells=_secret_cells,
)


def _account_cells(obj: ServiceAccount, now: float) -> Row:
    return obj.metadata.name, len(obj.secrets), age(obj, now)


_ACCOUNTS: Final = Printer(
    columns=(NAME, column("Secrets", "How many secrets its pods may use."), AGE),
    cells=_account_cells,
)


def _component_cells(obj: ComponentStatus, now: float) -> Row:
    healthy = next((c for c in obj.conditions if c.type == "Healthy"), None)
    if healthy is None:
        return obj.metadata.name, "Unknown", "", ""
    word = {"True": "Healthy", "False": "Unhealthy"}.get(healthy.status, "Unknown")
    return obj.metadata.name, word, healthy.message, healthy.error


_COMPONENTS: Final = Printer(
    columns=(
        NAME,
        column("Status", "Whether the component is healthy."),
        column("Message", "What it says."),
        column("Error", "What is wrong with it."),
    ),
    cells=_component_cells,
)

TABLES: Final[Mapping[type[Any], Printer[Any]]] = {
    Namespace: _NAMESPACES,
    ConfigMap: _CONFIG_MAPS,
    Secret: _SECRETS,
    ServiceAccount: _ACCOUNTS,
    ComponentStatus: _COMPONENTS,
}
