"""How a kubeconfig file says to reach a cluster: an address, whom to trust, and who one is."""

import ssl
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct

from orchestrator.machinery import manifests
from orchestrator.machinery.errors import MachineryError
from orchestrator.top.sources import SourceError


class Access(Struct, frozen=True):
    """Where a server is and how to speak to it. `tls` is None for one without TLS."""

    server: str
    context: str
    token: str
    tls: ssl.SSLContext | None


def read_access(path: Path, context: str = "", server: str = "") -> Access:
    """The access by a file's context (its current one if none is named), at `server` if that is given.

    Raises SourceError.
    """
    try:
        document: Any = manifests.load(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SourceError(f"the kubeconfig {path} cannot be read: {why}") from None
    except MachineryError as error:
        raise SourceError(str(error)) from None
    try:
        return _access(document, path, context, server)
    except (AttributeError, KeyError, TypeError, BadBase64, ssl.SSLError, OSError) as error:
        raise SourceError(f"the kubeconfig {path} is not whole: {error!r}") from None


def _access(document: Mapping[str, Any], path: Path, context: str, server: str) -> Access:
    context = context or document.get("current-context") or ""
    chosen = _named(document, "contexts", "context", context, path)
    cluster = _named(document, "clusters", "cluster", chosen["cluster"], path)
    user = _named(document, "users", "user", chosen["user"], path) if chosen.get("user") else {}
    server = server or cluster["server"]
    tls = _tls(cluster, user, path.parent) if server.startswith("https") else None
    return Access(server.rstrip("/"), context, user.get("token") or "", tls)


def _named(
    document: Mapping[str, Any], plural: str, singular: str, name: str, path: Path
) -> dict[str, Any]:
    for each in document.get(plural) or ():
        if each["name"] == name:
            return each.get(singular) or {}
    known = ", ".join(each["name"] for each in document.get(plural) or ()) or "none"
    raise SourceError(f'the kubeconfig {path} has no {singular} "{name}"; there are {known}')


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], beside: Path) -> ssl.SSLContext:
    """The server's authority, and the client's certificate, which OpenSSL reads from files only."""
    authority = _text(cluster, "certificate-authority", beside)
    tls = ssl.create_default_context(cadata=authority or None)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    certificate = _text(user, "client-certificate", beside)
    if certificate:
        with TemporaryDirectory() as directory:
            pair = Path(directory) / "pair.pem"
            pair.touch(mode=0o600)
            pair.write_text(f"{certificate}\n{_text(user, 'client-key', beside)}")
            tls.load_cert_chain(pair)
    return tls


def _text(settings: Mapping[str, Any], key: str, beside: Path) -> str:
    """What `key-data` holds, or the file that `key` names."""
    if settings.get(f"{key}-data"):
        return b64decode(settings[f"{key}-data"], validate=True).decode()
    return (beside / settings[key]).read_text() if settings.get(key) else ""
