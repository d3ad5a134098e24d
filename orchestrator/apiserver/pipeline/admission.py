"""The part of the pipeline that all writes share: admission, and the verdicts of validation."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.interface import AdmissionPlugin, AdmissionRequest
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.protocol import Cause


def admitted(
    env: Environment, plugins: tuple[AdmissionPlugin, ...], request: AdmissionRequest
) -> Any:
    """The object as the plugins leave it. Raises what they raise."""
    for plugin in plugins:
        new = plugin.admit(request, env)
        if new is not request.object:
            request = replace(request, object=new)
    return request.object


def reviewed(
    env: Environment, plugins: tuple[AdmissionPlugin, ...], request: AdmissionRequest
) -> None:
    """Let the plugins refuse the final object."""
    for plugin in plugins:
        plugin.validate(request, env)


def refuse_invalid(served: Served, name: str, causes: Sequence[Cause]) -> None:
    """Raise Invalid if there are causes."""
    if causes:
        raise errors.invalid(served.resource.kind, served.resource.group, name, causes)
