"""What a subresource answers: one class, with a method for each verb that it knows."""

from typing import Any

from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.decisions import Decision
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.protocol import Create, Get, Patch, Update


class Subresource:
    """The base: every verb is refused. A subclass overrides those that it answers."""

    def get(self, env: Environment, served: Served, message: Get) -> Any:
        """Read it. Raises MethodNotAllowed unless overridden, as all verbs do."""
        raise errors.method_not_allowed(served.resource, "get")

    def create(self, env: Environment, served: Served, message: Create) -> Decision:
        """Post to it."""
        raise errors.method_not_allowed(served.resource, "create")

    def update(self, env: Environment, served: Served, message: Update) -> Decision:
        """Replace it."""
        raise errors.method_not_allowed(served.resource, "update")

    def patch(self, env: Environment, served: Served, message: Patch) -> Decision:
        """Change it by a patch."""
        raise errors.method_not_allowed(served.resource, "patch")


def stored_for(env: Environment, served: Served, message: Get | Create | Update | Patch) -> Any:
    """The stored object that the message is about. Raises NotFound."""
    stored = env.store.get(served.bucket, message.namespace, message.name)
    if stored is None:
        raise errors.not_found(served.resource, message.name)
    return stored
