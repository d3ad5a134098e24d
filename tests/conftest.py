"""What all tests share: quiet logs, which `structlog.testing.capture_logs` still sees; and Ctrl-C, even
where a script runs them in the background.
"""

import signal
from collections.abc import MutableMapping
from typing import Any, NoReturn

import structlog


def _drop(logger: object, method: str, event: MutableMapping[str, Any]) -> NoReturn:
    raise structlog.DropEvent


signal.signal(signal.SIGINT, signal.default_int_handler)
structlog.configure(processors=[_drop])
