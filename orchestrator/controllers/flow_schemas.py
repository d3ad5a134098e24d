"""Each FlowSchema says whether the priority level that it names is there.

In Kubernetes the API server itself does so, as the configuration of its priority and fairness changes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.flowcontrol.v1 import (
    FlowSchema,
    FlowSchemaCondition,
    FlowSchemaStatus,
    PriorityLevelConfiguration,
)
from orchestrator.client import Change, Key, Source, write_status
from orchestrator.controllers.base import API_SERVER, KubernetesController
from orchestrator.machinery.times import format_time

DANGLING: Final = "Dangling"
_NAMES: Final = "This FlowSchema references the PriorityLevelConfiguration object named"


def dangling(schema: FlowSchema, exists: bool) -> FlowSchemaCondition:
    """The condition of a schema whose level is there, or is not."""
    assert schema.spec is not None
    reference = schema.spec.priority_level_configuration
    named = f'{_NAMES} "{reference.name if reference is not None else ""}"'
    return FlowSchemaCondition(
        type=DANGLING,
        status="False" if exists else "True",
        reason="Found" if exists else "NotFound",
        message=f"{named} and it exists" if exists else f"{named} but there is no such object",
    )


class FlowSchemaController(KubernetesController):
    """Keeps the condition `Dangling`."""

    name = "flow-schema-status"
    account = ""
    identity = API_SERVER
    kind = FlowSchema

    def watches(self) -> Mapping[Any, Source]:
        """A level that comes or goes concerns the schemas that name it."""
        return {PriorityLevelConfiguration: self._of_level}

    def _of_level(self, change: Change[PriorityLevelConfiguration]) -> Iterable[Key]:
        if change.old is not None and change.new is not None:
            return ()
        name = change.latest.metadata.name
        schemas = self.cache(FlowSchema).list()
        return [Key("", each.metadata.name) for each in schemas if _level_of(each) == name]

    def _wanted(self, schema: FlowSchema) -> FlowSchemaCondition:
        levels = self.cache(PriorityLevelConfiguration)
        return dangling(schema, levels.get("", _level_of(schema)) is not None)

    def initial_keys(self) -> Iterable[Key]:
        """Those that do not say it yet."""
        return [
            Key("", each.metadata.name)
            for each in self.cache(FlowSchema).list()
            if each.spec is not None and not _says(each, self._wanted(each))
        ]

    async def reconcile(self, key: Key) -> float | None:
        """Write the condition of one schema."""
        schema = self.cache(FlowSchema).get(*key)
        if schema is None or schema.spec is None:
            return None
        wanted = self._wanted(schema)
        if _says(schema, wanted):
            return None
        status = schema.status or FlowSchemaStatus()
        before = _condition(schema)
        at: str | None = format_time(self.ctx.clock.now())
        if before is not None and before.status == wanted.status:
            at = before.last_transition_time
        others = (each for each in status.conditions if each.type != DANGLING)
        conditions = (*others, replace(wanted, last_transition_time=at))
        await write_status(self.client, schema, replace(status, conditions=conditions))
        return None


def _level_of(schema: FlowSchema) -> str:
    reference = schema.spec.priority_level_configuration if schema.spec is not None else None
    return reference.name if reference is not None else ""


def _condition(schema: FlowSchema) -> FlowSchemaCondition | None:
    conditions = schema.status.conditions if schema.status is not None else ()
    return next((each for each in conditions if each.type == DANGLING), None)


def _says(schema: FlowSchema, wanted: FlowSchemaCondition) -> bool:
    found = _condition(schema)
    return found is not None and replace(found, last_transition_time=None) == wanted
