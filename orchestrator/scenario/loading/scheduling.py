"""The scheduler that a scenario chooses: a KubeSchedulerConfiguration, with classes from beside the file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.loading.wording import explained
from orchestrator.scheduler import (
    InvalidConfiguration,
    SchedulerConfiguration,
    load_configuration,
)
from orchestrator.scheduler.classes_beside import ClassesBeside
from orchestrator.scheduler.configuration_document import Document


class SchedulerPlan(Struct, frozen=True):
    """A checked choice. `files` are those of the user's own plugins."""

    configuration: SchedulerConfiguration = SchedulerConfiguration()
    files: tuple[Path, ...] = ()


def plan_scheduler(
    source: Source,
    chosen: str | Mapping[str, Any] | None,
    policies: Mapping[str, Mapping[str, Any]],
) -> SchedulerPlan:
    """Check a choice, by its name among `policies` or as it is. Raises ScenarioError."""
    if chosen is None:
        return SchedulerPlan()
    where = "spec.scheduler"
    if isinstance(chosen, str):
        if chosen not in policies:
            known = ", ".join(policies) or "none"
            raise source.error(where, f'there is no policy "{chosen}"; spec.policies has {known}')
        where, chosen = f"spec.policies.{chosen}", policies[chosen]
    classes = ClassesBeside(source.path.parent)
    try:
        configuration = load_configuration(chosen, find_class=classes.find)
    except InvalidConfiguration as error:
        path = f"{where}.{error.path}" if error.path else where
        raise source.error(path, explained(error.problem, Document, error.path)) from None
    return SchedulerPlan(configuration, tuple(classes.files))
