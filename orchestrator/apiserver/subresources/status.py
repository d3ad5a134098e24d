"""`status`: what is observed, written apart from what is wanted."""

from typing import Any

from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.decisions import Decision
from orchestrator.apiserver.pipeline.patch import decide_patch
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.pipeline.update import decide_status_update
from orchestrator.apiserver.subresources.interface import Subresource, stored_for
from orchestrator.protocol import Get, Patch, Update


class Status(Subresource):
    """The whole object is read and answered, its status alone is written."""

    def get(self, env: Environment, served: Served, message: Get) -> Any:
        """The object. Raises NotFound."""
        return served.given(stored_for(env, served, message))

    def update(self, env: Environment, served: Served, message: Update) -> Decision:
        """Errors: NotFound, BadRequest, Conflict, Invalid, Forbidden."""
        return decide_status_update(env, served, message)

    def patch(self, env: Environment, served: Served, message: Patch) -> Decision:
        """Errors: as `update`, and those of the patch."""
        return decide_patch(env, served, message)
