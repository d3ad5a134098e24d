"""ConfigMaps, Secrets and ServiceAccounts."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import ConfigMap, Secret
from orchestrator.api.json_errors import json_error
from orchestrator.apiserver.validation.field import (
    WHOLE,
    Errors,
    FieldError,
    complaints,
    forbidden,
    immutable,
    invalid,
    required,
    too_long,
)
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.machinery.names import config_key_errors

_MAX_SIZE: Final = 1 << 20  # bytes of all values together
_SURELY_SMALL: Final = _MAX_SIZE // 4  # letters, of which none has more bytes
_FROZEN: Final = "field is immutable when `immutable` is set"
_ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
_DOCKER_KEYS: Final = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
# What JSON that is no object may be, as Go calls it.
_JSON_TYPES: Final = ((bool, "bool"), (str, "string"), (list, "array"), (int | float, "number"))


def _size(value: Any) -> int:
    """Bytes of a text, or of what a base64 text stands for."""
    return len(value.encode()) if isinstance(value, str) else len(value)


def _binary_size(value: Any) -> int:
    if isinstance(value, bytes):
        return len(value)
    text: str = value
    return len(text) * 3 // 4 - text[-2:].count("=")


def _key_errors(path: str, data: Mapping[str, Any]) -> Errors:
    for key in data:
        if messages := config_key_errors(key):
            yield from complaints(f"{path}[{key}]", key, messages)


def _frozen_errors(new: Any, old: Any, *fields: tuple[str, str]) -> Errors:
    """An object that was made immutable stays so, and so do its fields."""
    if not old.immutable:
        return
    if not new.immutable:
        yield forbidden("immutable", _FROZEN)
    for attribute, wire in fields:
        after, before = getattr(new, attribute), getattr(old, attribute)
        if after is not before and after != before:
            yield forbidden(wire, _FROZEN)


# --- ConfigMap -----------------------------------------------------------------------------


def _config_map_errors(config: ConfigMap) -> Iterable[FieldError]:
    data = config.data
    # Most have text alone, and not much.
    is_small = not config.binary_data and sum(map(len, data.values())) <= _SURELY_SMALL
    return () if is_small and not any(map(config_key_errors, data)) else _config_map_faults(config)


def _config_map_faults(config: ConfigMap) -> Errors:
    """All that is wrong with it."""
    data, binary = config.data, config.binary_data
    yield from _key_errors("data", data)
    total = sum(map(_size, data.values()))
    if binary:
        for key in data:
            if key in binary:
                yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
        yield from _key_errors("binaryData", binary)
        total += sum(map(_binary_size, binary.values()))
    if total > _MAX_SIZE:
        yield too_long(WHOLE, _MAX_SIZE)


def _config_map_change_errors(new: ConfigMap, old: ConfigMap) -> Errors:
    yield from _frozen_errors(new, old, ("data", "data"), ("binary_data", "binaryData"))


# --- Secret --------------------------------------------------------------------------------


def _secret_errors(secret: Secret) -> Errors:
    yield from _key_errors("data", secret.data)
    if sum(map(_binary_size, secret.data.values())) > _MAX_SIZE:
        yield too_long("data", _MAX_SIZE)
    yield from _typed_errors(secret)


def _typed_errors(secret: Secret) -> Errors:
    data = secret.data
    match secret.type:
        case "kubernetes.io/service-account-token":
            if not secret.metadata.annotations.get(_ACCOUNT_NAME):
                yield required(f"metadata.annotations[{_ACCOUNT_NAME}]")
        case "kubernetes.io/dockercfg" | "kubernetes.io/dockerconfigjson":
            yield from _docker_errors(data, _DOCKER_KEYS[secret.type])
        case "kubernetes.io/basic-auth":
            if "username" not in data and "password" not in data:
                yield required("data[username]")
                yield required("data[password]")
        case "kubernetes.io/ssh-auth":
            if not data.get("ssh-privatekey"):
                yield required("data[ssh-privatekey]")
        case "kubernetes.io/tls":
            for key in ("tls.crt", "tls.key"):
                if key not in data:
                    yield required(f"data[{key}]")


def _docker_errors(data: Mapping[str, Any], key: str) -> Errors:
    if key not in data:
        yield required(f"data[{key}]")
        return
    value = data[key]
    try:
        text = value if isinstance(value, bytes) else base64.b64decode(value)
    except (ValueError, binascii.Error):
        text = b""
    fault = json_error(text)
    if not fault and not isinstance(decoded := json.loads(text, parse_int=len), dict | None):
        kind = next(name for type_, name in _JSON_TYPES if isinstance(decoded, type_))
        fault = f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
    if fault:
        yield invalid(f"data[{key}]", "<secret contents redacted>", fault)


def _secret_change_errors(new: Secret, old: Secret) -> Errors:
    yield from immutable("type", new.type, old.type)
    yield from _frozen_errors(new, old, ("data", "data"))


CONFIG_MAP_RULES: Final = Rules(
    spec=_config_map_errors,
    update=_config_map_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
    recheck="after",
)

SECRET_RULES: Final = Rules(
    spec=_secret_errors,
    update=_secret_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
    recheck="after",
)

SERVICE_ACCOUNT_RULES: Final = Rules(metadata_again=CHANGE_AND_WHOLE)
