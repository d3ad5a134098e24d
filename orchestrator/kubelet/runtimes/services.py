"""What the servers of simulated containers answer: HTTP, one request at a time, without a socket."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct, field

from orchestrator.kubelet.runtimes.interface import World

_TEXT: Final = "text/plain; charset=utf-8"


class HttpRequest(Struct, frozen=True):
    """One request; the names of headers are as they were written."""

    method: str
    target: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    remote: str = "127.0.0.1:40000"

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    def value(self, name: str) -> str:
        """The first value of a parameter of the query, or of a form; empty if there is none."""
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True).get(name)
        if found is None and self.method == "POST":
            found = parse_qs(self.body.decode(errors="replace")).get(name)
        return found[0] if found else ""


class HttpResponse(Struct, frozen=True):
    """An answer; `log` is what the server writes meanwhile. With `exits` the server ends after it, with that code.

    `delay_seconds`: how long the server takes for it.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    log: tuple[str, ...] = ()
    exits: int | None = None
    delay_seconds: float = 0.0


class Scene(Struct, frozen=True):
    """The server's surroundings: `world`, when it began, what time it is, whether it was asked to stop."""

    world: World
    began: float
    now: float
    stopping: bool = False
    run: Callable[[str], tuple[bytes, int]] = lambda script: (b"", 127)  # a script: output and code
    state: dict[str, str] = field(
        default_factory=dict
    )  # that the server keeps from request to request


Handler: TypeAlias = Callable[[HttpRequest, int, Scene], HttpResponse]


class Service(Struct, frozen=True):
    """A server: the TCP ports on which it answers HTTP, and others that it only opens.

    `certificate` and `key`: the files with which it speaks TLS; "" if it does not. `secures` says of a port whether it
    speaks TLS there with a certificate of its own making.
    """

    handler: Handler
    ports: frozenset[int]
    silent: frozenset[int] = frozenset()  # that send nothing
    health: frozenset[int] = frozenset()  # that answer gRPC's health checks
    certificate: str = ""
    key: str = ""
    secures: Callable[[int, Scene], bool] = lambda port, scene: False
    datagrams: frozenset[int] = frozenset()  # UDP's
    # What a datagram is answered: to what is said, by whom.
    talk: Callable[[str, str, Scene], str] = lambda said, remote, scene: said

    def listens(self, port: int) -> bool:
        """Whether a connection to the port is taken."""
        return port in self.ports or port in self.silent or port in self.health


def text(said: str, status: int = 200, *log: str) -> HttpResponse:
    """A plain answer."""
    return HttpResponse(status, said.encode(), {"Content-Type": _TEXT}, log)


def as_json(value: object, status: int = 200, *log: str) -> HttpResponse:
    """A JSON document, typed as Go types what it writes without a header."""
    return text(json.dumps(value, separators=(",", ":")), status, *log)


def encoded(response: HttpResponse, method: str) -> bytes:
    """The response as it goes over a connection that is closed afterwards or not."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "status code"
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"Content-Length: {len(response.body)}", "", ""]
    return "\r\n".join(lines).encode() + (b"" if method == "HEAD" else response.body)


def taken(head: bytes, body: bytes, remote: str) -> HttpRequest:
    """The request of these bytes."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    pairs = (line.partition(":")[::2] for line in lines)
    headers = {name.strip(): value.strip() for name, value in pairs}
    return HttpRequest(method, rest.rpartition(" ")[0] or rest, headers, body, remote)
