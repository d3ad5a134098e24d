"""agnhost's small servers, and its generator of log lines."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Final

from orchestrator.kubelet.runtimes.agnhost.flags import duration, flags_of
from orchestrator.kubelet.runtimes.commands.paths import is_directory, listed
from orchestrator.kubelet.runtimes.commands.steps import Err, Run, Sleep
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.services import (
    Handler,
    HttpRequest,
    HttpResponse,
    Scene,
    Service,
    text,
)

_ALIVE_SECONDS: Final = 10.0
_Made = tuple[Service, list[str]]  # and what it says when it begins


def stamped(line: str, now: float) -> str:
    """A line as Go's `log` writes it."""
    return f"{datetime.fromtimestamp(now, UTC):%Y/%m/%d %H:%M:%S} {line}"


def serve_hostname(flags: Mapping[str, str]) -> _Made:
    """Answers the name of the pod."""

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        return text(scene.world.host, 200, f"HTTP request from {request.remote}")

    port = int(flags.get("port", "9376"))
    return Service(answer, frozenset({port})), []


def liveness(flags: Mapping[str, str]) -> _Made:
    """Is well for ten seconds."""

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        alive = scene.now - scene.began
        match request.path:
            case "/healthz" if alive > _ALIVE_SECONDS:
                return text(f"error: {alive}", 500)
            case "/healthz":
                return text("ok")
            case "/started":
                return text(f"{alive}s")
            case "/redirect":
                return HttpResponse(302, b"", {"Location": request.value("loc")})
        return text("404 page not found\n", 404)

    return Service(answer, frozenset({8080})), []


def test_webserver(flags: Mapping[str, str]) -> _Made:
    """Serves the container's files."""
    return Service(files_from("/"), frozenset({int(flags.get("port", "80"))})), []


def files_from(root: str) -> Handler:
    """Answers with the files below a directory; an `index.html` stands for its directory."""

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        world = scene.world
        path = f"{root.rstrip('/')}/{request.path.strip('/')}".rstrip("/")
        data = world.files.get(path)
        if data is None:
            data = world.files.get(f"{path}/index.html")
        if data is not None:
            kind = "text/html" if path.endswith("html") or path not in world.files else "text/plain"
            return HttpResponse(200, data, {"Content-Type": kind})
        if is_directory(path or "/", world) and root == "/":
            names = listed(path or "/", world)
            body = "".join(f'<a href="{n}">{n}</a>\n' for n in names)
            return HttpResponse(
                200, f"<pre>\n{body}</pre>\n".encode(), {"Content-Type": "text/html"}
            )
        return text("404 page not found\n", 404)

    return answer


def grpc_health_checking(flags: Mapping[str, str]) -> _Made:
    """Answers gRPC's health checks, and HTTP's `/make-not-serving`."""

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        if request.path.startswith("/make-"):
            scene.state["serving"] = "no" if request.path == "/make-not-serving" else "yes"
            return text("", 200)
        return text("404 page not found\n", 404)

    port, http = int(flags.get("port", "5000")), int(flags.get("http-port", "8080"))
    said = [
        f"Http server starting to listen on :{http}",
        f"gRPC server starting to listen on :{port}",
    ]
    return Service(answer, frozenset({http}), health=frozenset({port})), said


def porter(flags: Mapping[str, str]) -> _Made:
    """Answers on the ports that its environment names, with what that says: SERVE_PORT_80=foo, SERVE_TLS_PORT_443=bar."""

    as_document = flags.get("json-response", "false") != "false"

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        environment = scene.world.environment
        said = environment.get(f"SERVE_PORT_{port}") or environment.get(f"SERVE_TLS_PORT_{port}")
        if said is None or not as_document:
            kind = "text/html" if (said or "").startswith("<") else "text/plain"
            body = (said or "").encode()
            head = {"Content-Type": f"{kind}; charset=utf-8"}
            return HttpResponse(200 if said else 404, body, head)
        body = json.dumps({"Method": request.method, "Body": said}).encode()
        return HttpResponse(200, body, {"Content-Type": "application/json"})

    def secures(port: int, scene: Scene) -> bool:
        return f"SERVE_TLS_PORT_{port}" in scene.world.environment

    return Service(answer, frozenset(range(1, 1 << 16)), secures=secures), []


def nettest(flags: Mapping[str, str]) -> _Made:
    """Counts who has written to it: `/write`, `/read`, `/status`. It looks for no peers by itself."""
    peers = int(flags.get("peers", "8"))

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        received: dict[str, int] = json.loads(scene.state.get("received", "{}"))
        errors: list[str] = json.loads(scene.state.get("errors", "[]"))
        match request.path:
            case "/read":
                body = {
                    "Hostname": scene.world.host,
                    "Sent": None,
                    "Received": received or None,
                    "Errors": errors or None,
                    "Log": None,
                    "StillContactingPeers": True,
                }
                return text(json.dumps(body, indent="\t"))
            case "/write":
                source, fault = _source_of(request.body)
                if source:
                    received[source] = received.get(source, 0) + 1
                else:
                    errors.append(fault or f"{scene.world.host}: Got request with no source")
                scene.state.update(received=json.dumps(received), errors=json.dumps(errors))
                return text(json.dumps({"Hostname": scene.world.host}) + "\n")
            case "/status":
                return text("running" if peers else "pass")
            case "/quit":
                return HttpResponse(200, b"", exits=0)
        return text("404 page not found\n", 404)

    return Service(answer, frozenset({int(flags.get("port", "8080"))})), []


def _source_of(body: bytes) -> tuple[str, str]:
    """Who says to have sent a document, or why it is none."""
    try:
        found = json.loads(body)
    except ValueError as error:
        return "", str(error)
    source = found.get("Source", found.get("source", "")) if isinstance(found, dict) else ""
    return (source, "") if isinstance(source, str) else ("", "")


def logs_generator(arguments: list[str], world: World) -> Run:
    """`--log-lines-total` lines, evenly spread over `--run-duration`."""
    flags, _ = flags_of(arguments)
    total = int(flags.get("log-lines-total", flags.get("t", "0")))
    lasts = duration(flags.get("run-duration", flags.get("d", "0s")))
    if total <= 0 or lasts <= 0:
        yield Err(f"Invalid total number of lines: {total}\n".encode())
        return 255
    chance = world.chance or Random(total)
    for number in range(total):
        at = datetime.fromtimestamp(world.now, UTC)
        method = chance.choice(("GET", "POST", "PUT"))
        namespace = chance.choice(("kube-system", "default", "ns"))
        name = "".join(chance.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(chance.randrange(3, 5)))  # fmt: skip
        url = f"/api/v1/namespaces/{namespace}/pods/{name}"
        line = f"{number} {method} {url} {chance.randrange(200, 600)}"
        yield Err(f"I{at:%m%d %H:%M:%S.%f}       1 logs_generator.go:76] {line}\n".encode())
        yield Sleep(lasts / total)
    return 0
