"""`agnhost netexec`: the server of many small answers."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.kubelet.runtimes.commands.network import sent
from orchestrator.kubelet.runtimes.services import (
    HttpRequest,
    HttpResponse,
    Scene,
    Service,
    as_json,
    text,
)
from orchestrator.machinery.times import format_micro_time


def service(flags: Mapping[str, str]) -> tuple[Service, list[str]]:
    """The server of these flags, and what it says when it begins."""
    port, udp = int(flags.get("http-port", "8080")), int(flags.get("udp-port", "8081"))
    override = flags.get("http-override", "")

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        if override:
            request = HttpRequest("GET", override, {}, b"", request.remote)
        return _ANSWERS.get(request.path, _root)(request, port, scene)

    said = [f"Started HTTP server on port {port}"]
    if udp != -1:
        said.append(f"Started UDP server on port  {udp}")
    datagrams = frozenset({udp}) if udp != -1 else frozenset()
    return Service(answer, frozenset({port}), datagrams=datagrams, talk=_talk), said


def _talk(said: str, remote: str, scene: Scene) -> str:
    """What a datagram is answered."""
    words = said.strip().split(" ", 1)
    match words[0].lower():
        case "hostname":
            return scene.world.host
        case "clientip":
            return remote
        case "echo" if len(words) > 1:
            return words[1]
    return ""


def _dial(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    """Ask another server, as often as `tries` says, and tell what it answered."""
    names = ("host", "port", "protocol", "request", "tries")
    host, number, protocol, said, tries = (request.value(name) for name in names)
    log = f"GET /dial?host={host}&protocol={protocol}&port={number}&request={said}&tries={tries}"
    protocol = protocol.lower() or "http"
    if not said:
        return text("request parameter not specified. <nil>\n", 400, log)
    if not host or not number.isdecimal() or protocol not in ("http", "udp"):
        return text("", 400, log)
    udp = protocol == "udp"
    asked = said.encode() if udp else f"GET /{said} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    told: dict[str, list[str]] = {}
    for _ in range(int(tries) if tries.isdecimal() else 1):
        try:
            answer = sent(scene.world, host, int(number), "UDP" if udp else "TCP", asked)
        except OSError as error:
            told.setdefault("errors", []).append(str(error))
        else:
            whole = answer if udp else answer.partition(b"\r\n\r\n")[2]
            told.setdefault("responses", []).append(whole.decode(errors="replace"))
    return as_json(told, 200, log)


def _root(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    return text(f"NOW: {format_micro_time(scene.now)}", 200, "GET /")


def _echo(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    said, code = request.value("msg"), request.value("code")
    log = f"GET /echo?msg={said}&code={code}"
    if code and not code.isdecimal():
        return text(f"argument 'code' must be an integer or empty, got \"{code}\"\n", 200, log)
    return text(said, int(code) if code else 200, log)


def _client(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    return text(request.remote, 200, "GET /clientip")


def _port(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    return text(str(port), 200, "GET /serverport")


def _header(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    key = request.value("key")
    if not key:
        found = {
            "-".join(p.capitalize() for p in k.split("-")): [v] for k, v in request.headers.items()
        }
        return text(json.dumps(found, separators=(",", ":"), sort_keys=True), 200, "GET /header")
    known = {name.lower(): value for name, value in request.headers.items()}
    return text(known.get(key.lower(), ""), 200, f"GET /header?key={key}")


def _exit(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    code, timeout, wait = (request.value(name) for name in ("code", "timeout", "wait"))
    log = f"GET /exit?code={code}&timeout={timeout}&wait={wait}"
    if code and not code.isdecimal():
        said = f"argument 'code' must be an integer [0-127] or empty, got \"{code}\"\n"
        return text(said, 200, log)
    return HttpResponse(200, b"", {}, (log,), int(code or "0"))


def _healthy(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    return text("", 200, "GET /healthz")


def _ready(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    if scene.stopping:
        return text("shutting down", 503, "GET /readyz")
    return text("ok", 200, "GET /readyz")


def _host(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    return text(scene.world.host, 200, f"GET {request.path}")


def _redirect(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    where, code = request.value("location"), request.value("code") or "302"
    log = f"{request.method} /redirect?msg={where}&code={request.value('code')}"
    return HttpResponse(int(code) if code.isdecimal() else 302, b"", {"Location": where}, (log,))


def _shell(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    script = request.value("shellCommand") or request.value("cmd")
    output, code = scene.run(script)
    result = {"output": output.decode(errors="replace")} if output else {}
    if code:
        result["error"] = f"exit status {code}"
    return as_json(result, 200, f"GET /shell?cmd={script}")


def _shutdown(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
    return HttpResponse(200, b"", {}, ("GET /shutdown",), 0)


_ANSWERS: Final[Mapping[str, Callable[[HttpRequest, int, Scene], HttpResponse]]] = {
    "/echo": _echo,
    "/clientip": _client,
    "/serverport": _port,
    "/header": _header,
    "/exit": _exit,
    "/healthz": _healthy,
    "/readyz": _ready,
    "/hostname": _host,
    "/hostName": _host,
    "/redirect": _redirect,
    "/shell": _shell,
    "/dial": _dial,
    "/shutdown": _shutdown,
}
