"""Service accounts: of the secrets that they may use, the names alone."""

from orchestrator.api.core.v1 import ObjectReference, ServiceAccount
from orchestrator.apiserver.defaults.change import each, put
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy


class AccountStrategy(Strategy):
    """What is special about service accounts."""

    def prepare_for_create(self, new: ServiceAccount, env: Environment) -> ServiceAccount:
        """Secrets are those of the namespace, by their name."""
        return put(new, secrets=each(new.secrets, _named))

    def prepare_for_update(
        self, new: ServiceAccount, old: ServiceAccount, env: Environment
    ) -> ServiceAccount:
        """The same."""
        return put(new, secrets=each(new.secrets, _named))


def _named(reference: ObjectReference) -> ObjectReference:
    plain = ObjectReference(name=reference.name)
    return reference if reference == plain else plain
