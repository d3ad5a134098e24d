"""What Kubernetes fills in of the kinds of `config`."""

import base64
from typing import Any

from orchestrator.api.core.v1 import (
    Secret,
)
from orchestrator.apiserver.defaults.change import fill_zero, put


def default_secret(secret: Secret) -> Secret:
    """Readable entries become data, which is base64; the readable form is never stored."""
    secret = fill_zero(secret, type="Opaque")
    if not secret.string_data:
        return secret
    encoded: dict[str, Any] = {
        key: base64.b64encode(text.encode()).decode() for key, text in secret.string_data.items()
    }
    return put(secret, data={**secret.data, **encoded}, string_data=type(secret)().string_data)
