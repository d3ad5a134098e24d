"""The options that say who is asked whether a request is allowed, named as kube-apiserver's are."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from orchestrator.cli.errors import InputError
from orchestrator.cli.files import read
from orchestrator.cli.groups import grouped
from orchestrator.cli.peers import peer_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.apiserver.authorization import Authorizer

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_MODES: Final = "Node,RBAC"
_OPTIONS: Final = (
    click.option(
        "--authorization-mode",
        metavar="MODE,...",
        help=(
            "Who is asked whether a request is allowed, in turn: Node, RBAC, Webhook, AlwaysAllow, AlwaysDeny. "
            f"[default: {_MODES}]"
        ),
    ),
    click.option(
        "--authorization-config",
        type=_FILE,
        metavar="FILE",
        help="An AuthorizationConfiguration, in place of the other options of authorization.",
    ),
    click.option(
        "--authorization-webhook-config-file",
        type=_FILE,
        metavar="FILE",
        help="A kubeconfig of the service that the mode Webhook asks.",
    ),
    click.option("--authorization-webhook-version", default="v1beta1", show_default=True),
    click.option(
        "--authorization-webhook-cache-authorized-ttl",
        "authorized_ttl",
        default="5m",
        show_default=True,
        metavar="DURATION",
    ),
    click.option(
        "--authorization-webhook-cache-unauthorized-ttl",
        "unauthorized_ttl",
        default="30s",
        show_default=True,
        metavar="DURATION",
    ),
)
options = grouped("authorization", _OPTIONS)


def modes(given: Mapping[str, Any]) -> "Sequence[str | Authorizer]":
    """The authorizers that the options name. Raises InputError."""
    file, listed = given["authorization_config"], given["authorization_mode"]
    if file is not None:
        if listed or given["authorization_webhook_config_file"]:
            raise InputError(
                "--authorization-config can not be specified when --authorization-mode or "
                "--authorization-webhook-* flags are defined"
            )
        return _of_file(file)
    names = [name.strip() for name in (listed or _MODES).split(",")]
    if len(set(names)) != len(names):
        raise InputError(f"--authorization-mode: {listed} names one mode more than once")
    from orchestrator.apiserver.authorization.configuration import InvalidAuthorization, mode_of

    try:
        return [_webhook(given) if name == "Webhook" else mode_of(name) for name in names]
    except InvalidAuthorization as error:
        raise InputError(f"--authorization-mode: {error}") from None


def _of_file(path: Path) -> "Sequence[str | Authorizer]":
    from orchestrator.apiserver.authorization.configuration import (
        InvalidAuthorization,
        load_authorization,
    )

    return read(path, partial(load_authorization, peer_of=peer_of), InvalidAuthorization)


def _webhook(given: Mapping[str, Any]) -> "Authorizer":
    from orchestrator.apiserver.authorization import WebhookAuthorizer, WebhookSettings
    from orchestrator.machinery.times import parse_duration

    file = given["authorization_webhook_config_file"]
    if file is None:
        raise InputError("--authorization-mode Webhook needs --authorization-webhook-config-file")
    version = given["authorization_webhook_version"]
    if version not in ("v1", "v1beta1"):
        raise InputError(f"--authorization-webhook-version: expected v1 or v1beta1, got {version}")
    try:
        return WebhookAuthorizer(
            WebhookSettings(
                peer_of(file),
                authorized=parse_duration(given["authorized_ttl"]),
                unauthorized=parse_duration(given["unauthorized_ttl"]),
                version=version,
            )
        )
    except ValueError as error:
        raise InputError(f"--authorization-webhook-cache-*-ttl: {error}") from None
