"""What all tests share: quiet logs, which `structlog.testing.capture_logs` still sees."""

from collections.abc import MutableMapping
from typing import Any, NoReturn

import structlog


def _drop(logger: object, method: str, event: MutableMapping[str, Any]) -> NoReturn:
    raise structlog.DropEvent


structlog.configure(processors=[_drop])
