"""Servers elsewhere as kubeconfigs name them: those that know tokens, authorize, or keep an audit log."""

from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.errors import InputError

if TYPE_CHECKING:
    from orchestrator.apiserver.peers import Peer


def peer_of(path: Path) -> "Peer":
    """The server of a kubeconfig's current context. Raises InputError."""
    from orchestrator.apiserver.peers import Peer
    from orchestrator.gateway.access import AccessError, load_access

    try:
        access = load_access(path)
    except AccessError as error:
        raise InputError(str(error)) from None
    token = access.token
    if access.token_file is not None:
        token = access.token_file.read_text(encoding="utf-8").strip()
    return Peer(
        url=access.server,
        authority=access.authority.decode(),
        certificate=access.certificate.decode(),
        key=access.key.decode(),
        token=token,
        verified=access.verify,
    )
