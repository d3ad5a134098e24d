"""With which credentials an image is pulled: those in its pod's `imagePullSecrets` that are for its registry.

As the kubelet's keyring: an entry's address may have `*` for parts of the host and may name a path; the more an entry
names, the earlier it is tried, and without any the image is pulled as anybody.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final

import msgspec
from msgspec import Struct

from orchestrator.api.core.v1 import Secret
from orchestrator.kubelet.image_names import full_name

# Two names of one registry, the older of which `docker login` still writes.
_ALIASES: Final = {"index.docker.io": "docker.io", "registry-1.docker.io": "docker.io"}


class _Entry(Struct):
    username: str = ""
    password: str = ""
    auth: str = ""
    identitytoken: str = ""
    registrytoken: str = ""


class _Config(Struct):
    auths: dict[str, _Entry] = {}


def credentials_for(image: str, secrets: Iterable[Secret]) -> list[dict[str, str]]:
    """The AuthConfigs to try for an image, in order; a Secret that cannot be read has none."""
    name = full_name(image)
    matching = [
        (address, entry)
        for secret in secrets
        for address, entry in _entries(secret)
        if _is_for(address, name)
    ]
    matching.sort(key=lambda found: found[0], reverse=True)
    return [_told(entry) for _, entry in matching]


def _entries(secret: Secret) -> Iterator[tuple[str, _Entry]]:
    """Address and credentials of each registry that a Secret names."""
    try:
        if (whole := secret.data.get(".dockerconfigjson")) is not None:
            found = msgspec.json.decode(_bytes(whole), type=_Config).auths
        elif (old := secret.data.get(".dockercfg")) is not None:
            found = msgspec.json.decode(_bytes(old), type=dict[str, _Entry])
        else:
            return
    except (ValueError, msgspec.MsgspecError):
        return
    for address, entry in found.items():
        yield _plain(address), entry


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else base64.b64decode(value)


def _plain(address: str) -> str:
    """`https://index.docker.io/v1/` is `docker.io`."""
    rest = address.removeprefix("https://").removeprefix("http://")
    host, _, path = rest.partition("/")
    path = path.strip("/")
    path = "" if path in ("v1", "v2") else path
    return "/".join(filter(None, (_ALIASES.get(host, host), path)))


def _is_for(address: str, image: str) -> bool:
    host, _, path = address.partition("/")
    registry, _, repository = image.partition("/")
    wanted, parts = host.split("."), registry.split(".")
    alike = len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))
    return alike and repository.startswith(path)


def _told(entry: _Entry) -> dict[str, str]:
    """As the CRI's AuthConfig. `auth` is name and password in base64, if these do not stand by themselves."""
    username, password = entry.username, entry.password
    if entry.auth and not username:
        try:
            username, _, password = base64.b64decode(entry.auth).decode().partition(":")
        except (binascii.Error, ValueError):
            username = password = ""
    return {
        "username": username,
        "password": password,
        "identity_token": entry.identitytoken,
        "registry_token": entry.registrytoken,
    }
