"""What a scenario says of objects that are there only when it runs: their kinds, labels and fields."""

from collections.abc import Mapping
from typing import Any

from orchestrator.api.errors import ApiTypeError
from orchestrator.api.scheme import DEFAULT
from orchestrator.machinery import labels
from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.json_paths import PathError, compiled
from orchestrator.scenario.loading.source import Source


def check_kind(source: Source, api_version: str, kind: str, where: str) -> None:
    """Raises ScenarioError at `where` for a kind that no scenario can name."""
    try:
        DEFAULT.by_kind(api_version, kind)
    except ApiTypeError as error:
        raise source.error(f"{where}.kind", str(error)) from None


def check_labels(source: Source, wanted: Mapping[str, str], where: str) -> None:
    """Raises ScenarioError at `where` for labels that no object can have, in the API server's words."""
    try:
        labels.parse(selector_of(wanted))
    except SelectorError as error:
        raise source.error(f"{where}.labels", str(error)) from None


def value_at(document: Any, path: str) -> Any:
    """What an object has at a path without its first dot (`spec.containers[0].image`); None if there is nothing."""
    try:
        found = compiled(f".{path}")(document)
    except PathError:  # a list has no such place
        return None
    return found[0] if found else None


def check_path(source: Source, path: str, where: str) -> None:
    """Raises ScenarioError at `where` for what `value_at` cannot read."""
    try:
        compiled(f".{path}")
    except PathError as error:
        raise source.error(f'{where}["{path}"]', str(error)) from None


def selector_of(wanted: Mapping[str, str]) -> str:
    """The selector of objects that have all of these labels; of all objects if there are none."""
    return ",".join(f"{key}={value}" for key, value in wanted.items())
