"""The kinds of `core.config`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.core.v1 import ConfigMap, Secret, ServiceAccount
from orchestrator.apiserver.kinds.core.config.defaults import default_secret
from orchestrator.apiserver.kinds.core.config.strategy import AccountStrategy
from orchestrator.apiserver.kinds.core.config.tables import ACCOUNTS, CONFIG_MAPS, SECRETS
from orchestrator.apiserver.kinds.core.config.validation import (
    CONFIG_MAP_RULES,
    SECRET_RULES,
    SERVICE_ACCOUNT_RULES,
)
from orchestrator.apiserver.kinds.core.config.warnings import account_warnings, secret_warnings
from orchestrator.apiserver.kinds.kind import Kind

KINDS: Final[tuple[Kind, ...]] = (
    Kind(ConfigMap, rules=CONFIG_MAP_RULES, table=CONFIG_MAPS),
    Kind(
        Secret, warnings=secret_warnings, rules=SECRET_RULES, default=default_secret, table=SECRETS
    ),
    Kind(
        ServiceAccount,
        warnings=account_warnings,
        rules=SERVICE_ACCOUNT_RULES,
        strategy=AccountStrategy,
        table=ACCOUNTS,
        answers_deleted=True,
    ),
)
