"""Commands that use the network, as far as their commonest options go.

They send to servers of other simulated containers, and what these answer comes back at once.
"""

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from orchestrator.kubelet.runtimes.commands.options import split
from orchestrator.kubelet.runtimes.commands.paths import absolute
from orchestrator.kubelet.runtimes.commands.steps import Command, Err, Listen, Out, Read, Run, Sleep
from orchestrator.kubelet.runtimes.interface import World

_WITH_VALUE: Final = frozenset(
    {"--connect-timeout", "--max-time", "--interface", "--request", "--data", "--header",
     "--output", "--write-out", "--retry", "--retry-delay", "--resolve"}
)  # fmt: skip
_LETTERS_WITH_VALUE: Final = "mXdHowu"
_KINDS: Final = ("A", "AAAA", "CNAME", "PTR", "SRV", "TXT")
_REFUSED, _NO_NAME, _TIMEOUT = 7, 6, 28  # curl's exit codes
_FOREVER: Final = float("inf")
_PATIENCE: Final = 2.0  # seconds, where nothing is said


class UnknownName(OSError):
    """A name has no address."""


def sent(world: World, host: str, port: int, protocol: str, data: bytes) -> bytes:
    """What is answered. Raises UnknownName, ConnectionRefusedError and TimeoutError."""
    outside = world.outside
    if outside is None:
        raise TimeoutError(f"dial {protocol.lower()} {host}:{port}: i/o timeout")
    ip = host if _is_address(host) else next(iter(_addresses(host, world)), "")
    if not ip:
        raise UnknownName(f"dial {protocol.lower()}: lookup {host}: no such host")
    where = f"dial {protocol.lower()} {ip}:{port}"
    try:
        return outside.send(ip, port, protocol, data)
    except ConnectionRefusedError:
        raise ConnectionRefusedError(f"{where}: connect: connection refused") from None
    except TimeoutError:
        raise TimeoutError(f"{where}: i/o timeout") from None


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def _addresses(name: str, world: World) -> list[str]:
    """The addresses of a name: those in the container's file of hosts, or else those in DNS."""
    lines = (
        world.files.get("/etc/hosts", b"127.0.0.1 localhost").decode(errors="replace").splitlines()
    )
    words = [line.partition("#")[0].split() for line in lines]
    known = [each[0] for each in words if name in each[1:] and _is_address(each[0])]
    if known or world.outside is None:
        return known
    return [each.data for each in world.outside.lookup(name, "A") if each.type == "A"]


def _curl(arguments: list[str], world: World) -> Run:
    options, urls = _curl_options(arguments)
    code = 0
    for each in urls:
        url = urlsplit(each if "://" in each else f"http://{each}")
        host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        body = options.get("d", options.get("data", "")).encode()
        method = options.get("X", options.get("request", "POST" if body else "GET"))
        try:
            answer = sent(world, host, port, "TCP", _request(method, url, "curl/8", body))
        except OSError as error:
            code = yield from _failed(error, options, host, port)
        else:
            yield Out(answer.partition(b"\r\n\r\n")[2])
    return code


def _failed(error: OSError, options: Mapping[str, str], host: str, port: int) -> Run:
    if isinstance(error, UnknownName):
        code, said = _NO_NAME, f"Could not resolve host: {host}"
    elif isinstance(error, TimeoutError):
        most = options.get("connect-timeout") or options.get("max-time") or options.get("m", "")
        yield Sleep(_seconds(most))
        code, said = _TIMEOUT, "Connection timed out"
    else:
        code, said = _REFUSED, f"Failed to connect to {host} port {port}: Connection refused"
    if "s" not in options and "silent" not in options:
        yield Err(f"curl: ({code}) {said}\n".encode())
    return code


def _wget(arguments: list[str], world: World) -> Run:
    """As busybox has it: the answer goes into a file of the URL's last name, or to the output with `-O -`."""
    options, urls = split(arguments, "OTUoP")
    quiet, body = "q" in options, options.get("post-data", "").encode()
    for each in urls:
        url = urlsplit(each if "://" in each else f"http://{each}")
        host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        try:
            answer = sent(
                world, host, port, "TCP", _request("POST" if body else "GET", url, "Wget", body)
            )
        except OSError as error:
            yield from _not_fetched(error, options, host)
            return 1
        if not quiet:
            yield Err(f"Connecting to {url.netloc}\n".encode())
        head, _, found = answer.partition(b"\r\n\r\n")
        status = head.partition(b"\r\n")[0].decode("latin-1")
        if not status.split(" ")[1:2] or status.split(" ")[1] >= "400":
            yield Err(f"wget: server returned error: {status}\n".encode())
            return 1
        if "spider" not in options:
            yield from _saved(options, url, found, world)
    return 0 if urls else 1


def _not_fetched(error: OSError, options: Mapping[str, str], host: str) -> Run:
    if isinstance(error, UnknownName):
        said = f"bad address '{host}'"
    elif isinstance(error, TimeoutError):
        yield Sleep(_seconds(options.get("T", "")))
        said = "download timed out"
    else:
        said = f"can't connect to remote host ({host}): Connection refused"
    yield Err(f"wget: {said}\n".encode())
    return 1


def _saved(options: Mapping[str, str], url: SplitResult, found: bytes, world: World) -> Run:
    name = options.get("O", "") or url.path.rpartition("/")[2] or "index.html"
    if name == "-":
        yield Out(found)
        return 0
    world.files[absolute(name, world)] = found
    if "q" not in options:
        yield Err(f"saving to '{name}'\n'{name}' saved\n".encode())
    return 0


def _request(method: str, url: SplitResult, agent: str, body: bytes) -> bytes:
    """A request of HTTP as it goes over a connection."""
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    head = f"{method} {target} HTTP/1.1\r\nHost: {url.netloc}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _curl_options(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options by name or letter, and the URLs."""
    short: list[str] = []
    options: dict[str, str] = {}
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word in _WITH_VALUE:
            options[word[2:]] = waiting.pop(0) if waiting else ""
        else:
            short.append(word)
    letters, urls = split(short, _LETTERS_WITH_VALUE)
    return {**letters, **options}, urls


def _nc(arguments: list[str], world: World) -> Run:
    options, rest = split(arguments, "wpsi")
    if "l" in options:
        return (yield from _listen(options, rest))
    if len(rest) < 2 or not rest[1].isdecimal():
        yield Err(b"nc: a host and a port to connect to, or -l and a port are known here\n")
        return 1
    host, port, protocol = rest[0], int(rest[1]), "UDP" if "u" in options else "TCP"
    data = b""
    while "z" not in options and (more := (yield Read())) is not None:
        data += more
    try:
        answer = sent(world, host, port, protocol, data)
    except OSError as error:
        if isinstance(error, TimeoutError):
            yield Sleep(_seconds(options.get("w", "")))
        how = "timed out" if isinstance(error, TimeoutError) else "failed: Connection refused"
        if "v" in options:
            said = f"nc: connect to {host} port {port} ({protocol.lower()}) {how}\n"
            yield Err(said.encode())
        return 1
    if "v" in options:
        said = f"Connection to {host} {port} port [{protocol.lower()}/*] succeeded!\n"
        yield Err(said.encode())
    if "z" not in options:
        yield Out(answer)
    return 0


def _listen(options: Mapping[str, str], rest: list[str]) -> Run:
    """Send the input to the first that connects, or to each (`-k`), and write what comes from there."""
    port = options.get("p") or (rest[-1] if rest else "")
    if not port.isdecimal() or "e" in options:
        yield Err(b"nc: a port to listen at is known here, and no program to run\n")
        return 1
    protocol, data = "UDP" if "u" in options else "TCP", b""
    while (more := (yield Read())) is not None:
        data += more
    while True:
        heard = yield Listen(_FOREVER, int(port), protocol, data)
        if heard:
            yield Out(heard)
        if "k" not in options:
            return 0


def _nslookup(arguments: list[str], world: World) -> Run:
    names = [each for each in arguments if not each.startswith("-")]
    if world.outside is None or not names:
        return 0  # nobody can say
    name = names[0]
    found = [each.data for each in world.outside.lookup(name, "A") if each.type == "A"]
    if not found:
        yield Out(f"** server can't find {name}: NXDOMAIN\n".encode())
        return 1
    for ip in found:
        yield Out(f"Name:\t{name}\nAddress: {ip}\n".encode())
    return 0


def _dig(arguments: list[str], world: World) -> Run:
    words = [each for each in arguments if each[0] not in "+-@"]
    kinds = [each for each in words if each.upper() in _KINDS]
    names = [each for each in words if each not in kinds]
    kind = kinds[0].upper() if kinds else "A"
    outside = world.outside
    if outside is None:
        return 0
    for name in names:
        for record in outside.lookup(name, kind, search="+search" in arguments):
            said = f"{record.name}.\t5\tIN\t{record.type}\t{record.data}"
            yield Out(f"{record.data if '+short' in arguments else said}\n".encode())
    return 0


def _getent(arguments: list[str], world: World) -> Run:
    names = arguments[1:] if arguments[:1] == ["hosts"] else []
    code = 0 if names else 2
    for name in names:
        found = _addresses(name, world)
        code = code if found else 2
        for ip in found:
            yield Out(f"{ip}\t{name}\n".encode())
    return code


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return _PATIENCE


COMMANDS: Final[Mapping[str, Command]] = {
    "nslookup": _nslookup,
    "dig": _dig,
    "getent": _getent,
}
"""Those that ask for names, which there are wherever there are Services."""

CONNECTED: Final[Mapping[str, Command]] = {"curl": _curl, "nc": _nc, "wget": _wget}
