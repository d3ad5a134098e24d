"""`namespaces/finalize`: the namespace controller lets an emptied namespace go."""

from typing import Any

from msgspec.structs import replace

from orchestrator.api.core.v1 import Namespace
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.decisions import Decision
from orchestrator.apiserver.pipeline.metadata import check_identity
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.pipeline.update import check_place, written
from orchestrator.apiserver.subresources.interface import Subresource, stored_for
from orchestrator.protocol import Update


class Finalize(Subresource):
    """Writes `spec.finalizers` and nothing else; the last one gone removes the namespace."""

    def update(self, env: Environment, served: Served, message: Update) -> Decision:
        """Errors: NotFound, BadRequest, Conflict."""
        new: Namespace = served.taken(message.object)
        present: Any = stored_for(env, served, message)
        check_place(message, new)
        check_identity(served.resource, new.metadata, present.metadata, unconditional=True)
        return written(served, message, replace(present, spec=new.spec), present)
