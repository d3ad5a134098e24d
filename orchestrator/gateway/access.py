"""Where an API server is, and who asks: from a kubeconfig, or from inside of a pod.

Follows https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/: files of
$KUBECONFIG are merged, of each name the first file's entry counts.
"""

import os
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

K = TypeVar("K", bound="_Named")

DEFAULT_KUBECONFIG: Final = Path("~/.kube/config")
_POD: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class AccessError(ValueError):
    """What says where a cluster is is absent or wrong; the text says what, where, and what would be right."""


class Plugin(Struct, frozen=True):
    """A program that tells credentials, as https://kubernetes.io/docs/reference/access-authn-authz/
    authentication/#client-go-credential-plugins has it.
    """

    command: str
    api_version: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


class Access(Struct, frozen=True, kw_only=True):
    """An API server's URL and the credentials for it.

    `authority` is the PEM text of who has signed the server's certificate; empty: whom the system trusts.
    `certificate` and `key` are PEM texts. A token in a file is read again now and then, as Kubernetes
    renews it there.
    """

    server: str
    context: str = ""  # its name in the kubeconfig
    namespace: str = "default"
    authority: bytes = b""
    verify: bool = True
    server_name: str = ""
    certificate: bytes = b""
    key: bytes = b""
    token: str = ""
    token_file: Path | None = None
    user: str = ""
    password: str = ""
    plugin: Plugin | None = None


# --- kubeconfig ------------------------------------------------------------------------------


class _Cluster(Struct, rename="kebab"):
    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""


class _Variable(Struct):
    name: str
    value: str


class _Exec(Struct, rename="camel"):
    command: str
    api_version: str = "client.authentication.k8s.io/v1"
    args: tuple[str, ...] | None = ()
    env: tuple[_Variable, ...] | None = ()


class _User(Struct, rename="kebab"):
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    exec: _Exec | None = None


class _Context(Struct):
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _Named(Struct):
    name: str


class _NamedCluster(_Named):
    cluster: _Cluster = msgspec.field(default_factory=_Cluster)


class _NamedUser(_Named):
    user: _User = msgspec.field(default_factory=_User)


class _NamedContext(_Named):
    context: _Context = msgspec.field(default_factory=_Context)


class _Config(Struct, rename="kebab"):
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None
    current_context: str = ""


def find_access(context: str = "") -> Access:
    """As kubectl finds it: $KUBECONFIG, ~/.kube/config, and in a pod its service account.

    Raises AccessError.
    """
    named = os.environ.get("KUBECONFIG", "")
    paths = [Path(each) for each in named.split(os.pathsep) if each]
    if not paths and DEFAULT_KUBECONFIG.expanduser().exists():
        paths = [DEFAULT_KUBECONFIG]
    if paths:
        return load_access(*paths, context=context)
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return in_cluster()
    raise AccessError(
        "no cluster is named: give a kubeconfig, set KUBECONFIG, or write ~/.kube/config"
    )


def load_access(*paths: Path | str, context: str = "") -> Access:
    """The access of a kubeconfig's context, of the current one unless it is named. Raises AccessError.

    Of several files those that are not there are left out, as kubectl does.
    """
    found = [Path(path).expanduser() for path in paths]
    there = [path for path in found if path.exists()]
    if not there:
        raise AccessError(f"{', '.join(map(str, found))}: there is no such file")
    files = [(path, _read(path)) for path in there]
    where = ", ".join(map(str, there))
    name = context or next((c.current_context for _, c in files if c.current_context), "")
    if not name:
        raise AccessError(f"{where}: current-context is empty: name a context")
    chosen = _of_name(((p, c.contexts) for p, c in files), name, "context", where)[1].context
    path, cluster = _of_name(((p, c.clusters) for p, c in files), chosen.cluster, "cluster", where)
    user_path, user = (
        _of_name(((p, c.users) for p, c in files), chosen.user, "user", where)
        if chosen.user
        else (path, _NamedUser(""))
    )
    access = _access(chosen, path.parent, cluster.cluster, user_path.parent, user.user, where)
    return replace(access, context=name)


def _read(path: Path) -> _Config:
    import yaml  # late: who runs in a pod needs none

    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return msgspec.convert(document if document is not None else {}, _Config)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        raise AccessError(f"{where}: this is no YAML: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise AccessError(f"{path}: this is no kubeconfig: {error}") from None


def _of_name(
    files: Iterable[tuple[Path, list[K] | None]], name: str, what: str, where: str
) -> tuple[Path, K]:
    """The first entry of that name, and the file that has it."""
    names: list[str] = []
    for path, entries in files:
        for entry in entries or ():
            if entry.name == name:
                return path, entry
            names.append(entry.name)
    there = f"; there are {', '.join(names)}" if names else ""
    raise AccessError(f'{where}: there is no {what} "{name}"{there}')


def _access(
    context: _Context, folder: Path, cluster: _Cluster, user_folder: Path, user: _User, where: str
) -> Access:
    secure = any(
        (
            cluster.certificate_authority,
            cluster.certificate_authority_data,
            cluster.insecure_skip_tls_verify,
            user.client_certificate,
            user.client_certificate_data,
        )
    )
    scheme = "https" if secure else "http"
    server = _address(cluster.server, scheme, context.cluster, where)
    plugin = None
    if user.exec is not None:
        env = tuple((each.name, each.value) for each in user.exec.env or ())
        plugin = Plugin(user.exec.command, user.exec.api_version, tuple(user.exec.args or ()), env)
    return Access(
        server=server,
        namespace=context.namespace or "default",
        authority=_content(
            cluster.certificate_authority_data, cluster.certificate_authority, folder, where
        ),
        verify=not cluster.insecure_skip_tls_verify,
        server_name=cluster.tls_server_name,
        certificate=_content(
            user.client_certificate_data, user.client_certificate, user_folder, where
        ),
        key=_content(user.client_key_data, user.client_key, user_folder, where),
        token=user.token,
        token_file=user_folder / user.token_file if user.token_file else None,
        user=user.username,
        password=user.password,
        plugin=plugin,
    )


def _address(server: str, scheme: str, cluster: str, where: str) -> str:
    """The URL without its last slash. A host alone gets its scheme from the rest, as kubectl has it."""
    if not server:
        raise AccessError(f'{where}: the cluster "{cluster}" has no server')
    url = server if "://" in server else f"{scheme}://{server}"
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # no port, no IPv6 address
        known = False
    if not known or any(map(str.isspace, url)):
        raise AccessError(
            f'{where}: the server of the cluster "{cluster}" is {server!r}, '
            "and not a URL such as https://127.0.0.1:6443"
        )
    return url.rstrip("/")


def _content(data: str, name: str, folder: Path, where: str) -> bytes:
    """What stands in the file itself, or in one that is named relative to its folder."""
    try:
        if data:
            return b64decode(data, validate=True)
        return (folder / name).read_bytes() if name else b""
    except Base64Error as error:
        raise AccessError(f"{where}: this is not base64: {error}") from None
    except OSError as error:
        raise AccessError(f"{folder / name}: cannot be read: {error.strerror}") from None


# --- in a pod --------------------------------------------------------------------------------


def in_cluster(environment: Mapping[str, str] | None = None, *, folder: Path = _POD) -> Access:
    """What Kubernetes gives each pod: the server's address, and a token of its service account.

    Raises AccessError outside of a pod.
    """
    given = os.environ if environment is None else environment
    try:
        host, port = given["KUBERNETES_SERVICE_HOST"], given["KUBERNETES_SERVICE_PORT"]
        return Access(
            server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
            namespace=(folder / "namespace").read_text().strip() or "default",
            authority=(folder / "ca.crt").read_bytes(),
            token_file=folder / "token",
        )
    except (KeyError, OSError) as error:
        raise AccessError(f"this is not the inside of a pod: {error}") from None
