"""`agnhost guestbook`: a store of words with replicas, and the front that writes to the one and reads from the others."""

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from orchestrator.kubelet.runtimes.agnhost.flags import flags_of
from orchestrator.kubelet.runtimes.commands.network import sent
from orchestrator.kubelet.runtimes.commands.steps import Err, Run, Sleep
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.services import (
    HttpRequest,
    HttpResponse,
    Scene,
    Service,
    as_json,
    text,
)

_PATIENCE_SECONDS: Final = 15
_BACKENDS: Final = {"get": "agnhost-replica", "set": "agnhost-primary"}


def service(flags: Mapping[str, str]) -> tuple[Service, list[str]]:
    """The server of these flags, and what it says when it begins: nothing."""
    backend = int(flags.get("backend-port", "6379"))

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        match request.path:
            case "/register":
                return _register(request, scene)
            case "/get":
                return _get(request, scene)
            case "/set":
                return _set(request, scene, backend)
            case "/guestbook":
                return _pass_on(request, scene, backend)
        return text("404 page not found\n", 404)

    return Service(answer, frozenset({int(flags.get("http-port", "80"))})), []


def join(arguments: list[str], world: World) -> Run:
    """Register with the primary, if there is one, and take over what it holds; 1 when it cannot be reached in time."""
    flags, _ = flags_of(arguments)
    primary, own = flags.get("replicaof", ""), world.environment.get("POD_IP", "")
    backend, port = int(flags.get("backend-port", "6379")), int(flags.get("http-port", "80"))
    for _ in range(_PATIENCE_SECONDS):
        if not primary:
            return 0
        try:
            said = _asked(world, primary, backend, f"register?host={own}")
            for key, value in json.loads(said)["data"].items():
                _asked(world, own, port, _setting(key, value))
        except OSError as error:
            yield Err(
                f"encountered error while registering to primary: {error}. Retrying in 1s.\n".encode()
            )
            yield Sleep(1)
        else:
            yield Err(f"Registered to node: {primary}\n".encode())
            return 0
    yield Err(b"Timed out while registering to primary.\n")
    return 1


def _register(request: HttpRequest, scene: Scene) -> HttpResponse:
    host = request.value("host")
    scene.state["replicas"] = f"{scene.state.get('replicas', '')} {host}".strip()
    log = (f"GET /register?host={host}", f"Node '{host}' registered.")
    return as_json({"data": _store(scene)}, 200, *log)


def _get(request: HttpRequest, scene: Scene) -> HttpResponse:
    key, store = request.value("key"), _store(scene)
    return as_json({"data": store.get(key, "") if key else store}, 200, f"GET /get?key={key}")


def _set(request: HttpRequest, scene: Scene, backend: int) -> HttpResponse:
    key, value = request.value("key"), request.value("value")
    log = f"GET /set?key={key}&value={value}"
    if not key:
        return text("cannot set with empty key.\n", 400, log)
    scene.state["store"] = json.dumps({**_store(scene), key: value})
    for replica in scene.state.get("replicas", "").split():
        try:
            _asked(scene.world, replica, backend, _setting(key, value))
        except OSError as error:
            why = f"encountered error while propagating to replica '{replica}': {error}\n"
            return text(why, 417, log)
    return as_json({"message": "Updated"}, 200, log)


def _pass_on(request: HttpRequest, scene: Scene, backend: int) -> HttpResponse:
    command = request.value("cmd").lower()
    key, value = request.value("key"), request.value("value")
    log = f"GET /guestbook?cmd={command}&key={key}&value={value}"
    if command not in _BACKENDS:
        return text(f"unsupported cmd: '{command}'\n", 400, log)
    if command == "set" and not key:
        return text("cannot set with empty key.\n", 400, log)
    asked = f"{command}?key={quote(key)}&value={quote(value)}"
    try:
        return text(_asked(scene.world, _BACKENDS[command], backend, asked), 200, log)
    except OSError as error:
        return text(f"encountered error: {error}\n", 417, log)


def _setting(key: str, value: str) -> str:
    return f"set?key={quote(key)}&value={quote(value)}"


def _store(scene: Scene) -> dict[str, str]:
    found: dict[str, str] = json.loads(scene.state.get("store", "{}"))
    return found


def _asked(world: World, host: str, port: int, target: str) -> str:
    """What another guestbook answers. Raises OSError."""
    head = f"GET /{target} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
    return sent(world, host, port, "TCP", head.encode()).partition(b"\r\n\r\n")[2].decode()
