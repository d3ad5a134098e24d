"""What `kubectl get` shows of the kinds of `config`."""

from typing import Final

from orchestrator.api.core.v1 import (
    ConfigMap,
    Secret,
    ServiceAccount,
)
from orchestrator.apiserver.printing import Printer, Row, age


def _config_map_cells(obj: ConfigMap, now: float) -> Row:
    return obj.metadata.name, len(obj.data) + len(obj.binary_data), age(obj, now)


CONFIG_MAPS: Final = Printer(cells=_config_map_cells)


def _secret_cells(obj: Secret, now: float) -> Row:
    return obj.metadata.name, obj.type, len(obj.data), age(obj, now)


SECRETS: Final = Printer(
    cells=_secret_cells,
)


def _account_cells(obj: ServiceAccount, now: float) -> Row:
    return obj.metadata.name, age(obj, now)


ACCOUNTS: Final = Printer(
    cells=_account_cells,
)
