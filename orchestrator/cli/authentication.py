"""The options by which `orchestrator up` learns who its users are, named as kube-apiserver's are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from orchestrator.cli.errors import InputError
from orchestrator.cli.files import read
from orchestrator.cli.groups import grouped
from orchestrator.cli.peers import peer_of

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS: Final = (
    click.option(
        "--client-ca-file",
        type=_FILE,
        metavar="FILE",
        help="Certificates of authorities whose clients are known by their certificates, beside the cluster's own.",
    ),
    click.option(
        "--token-auth-file",
        type=_FILE,
        metavar="FILE",
        help='Bearer tokens: lines of token,user,uid,"group1,group2".',
    ),
    click.option(
        "--anonymous-auth",
        type=bool,
        default=True,
        show_default=True,
        metavar="BOOLEAN",
        help="Whether who shows nothing is system:anonymous.",
    ),
    click.option(
        "--authentication-token-webhook-config-file",
        type=_FILE,
        metavar="FILE",
        help="A kubeconfig of the service that knows tokens.",
    ),
    click.option(
        "--authentication-config",
        type=_FILE,
        metavar="FILE",
        help="An AuthenticationConfiguration, in place of the options --oidc-*.",
    ),
    click.option("--oidc-issuer-url", metavar="URL", help="Who issues tokens of OpenID Connect."),
    click.option("--oidc-client-id", metavar="ID", help="For whom such tokens have to be."),
    click.option("--oidc-username-claim", default="sub", show_default=True, metavar="CLAIM"),
    click.option("--oidc-username-prefix", default="", metavar="TEXT"),
    click.option("--oidc-groups-claim", default="", metavar="CLAIM"),
    click.option("--oidc-groups-prefix", default="", metavar="TEXT"),
    click.option(
        "--oidc-required-claim",
        multiple=True,
        metavar="KEY=VALUE",
        help="A claim that has to be there; may be given more than once.",
    ),
    click.option("--oidc-ca-file", type=_FILE, metavar="FILE"),
)


options = grouped("authentication", _OPTIONS)


def front_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say, as arguments of the HTTPS front. Raises InputError."""
    found: dict[str, Any] = {"anonymous": given["anonymous_auth"]}
    if given["client_ca_file"] is not None:
        found["client_authorities"] = _certificates(given["client_ca_file"])
    if given["token_auth_file"] is not None:
        from orchestrator.apiserver.http.token_file import TokenFileError, read_token_file

        try:
            found["tokens"] = read_token_file(given["token_auth_file"])
        except TokenFileError as error:
            raise InputError(str(error)) from None
    if given["authentication_config"] is not None:
        found |= _configured(given["authentication_config"], given)
    elif given["oidc_issuer_url"]:
        found["oidc"] = (_oidc(given),)
    elif given["oidc_client_id"]:
        raise InputError("--oidc-client-id needs --oidc-issuer-url")
    path = given["authentication_token_webhook_config_file"]
    if path is not None:
        found["token_webhook"] = peer_of(path)
    return found


def _configured(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says of issuers and of who shows nothing."""
    from orchestrator.apiserver.http.jwt_configuration import (
        InvalidAuthentication,
        load_authentication,
    )

    if given["oidc_issuer_url"]:
        raise InputError("authentication-config file and oidc-* flags are mutually exclusive")
    found = read(path, load_authentication, InvalidAuthentication)
    options: dict[str, Any] = {"oidc": found.issuers}
    if found.anonymous is not None:
        options["anonymous"] = found.anonymous
    return options


def _oidc(given: Mapping[str, Any]) -> Any:
    from orchestrator.apiserver.http.oidc import OidcSettings

    url = given["oidc_issuer_url"]
    if not url.startswith("https://"):
        raise InputError(f"--oidc-issuer-url: expected a URL that begins with https://, got {url}")
    if not given["oidc_client_id"]:
        raise InputError("--oidc-issuer-url needs --oidc-client-id, for whom the tokens are")
    required: dict[str, str] = {}
    for each in given["oidc_required_claim"]:
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise InputError(f"--oidc-required-claim: expected KEY=VALUE, got {each}")
        required[key] = value
    authority = given["oidc_ca_file"]
    return OidcSettings(
        issuer=url,
        client=given["oidc_client_id"],
        username_claim=given["oidc_username_claim"],
        username_prefix=given["oidc_username_prefix"],
        groups_claim=given["oidc_groups_claim"],
        groups_prefix=given["oidc_groups_prefix"],
        required=required,
        authority="" if authority is None else _text(authority),
    )


def _certificates(path: Path) -> str:
    from cryptography.x509 import load_pem_x509_certificates

    text = _text(path)
    try:
        load_pem_x509_certificates(text.encode())
    except ValueError:
        raise InputError(f"{path}: expected certificates in PEM form") from None
    return text


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
