#!/usr/bin/python3
"""A small stand-in for agnhost, the program of Kubernetes' own end-to-end tests: the subcommands that containers need.

It is run in containers, by whatever Python is there, so it is one file and needs nothing.
"""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

_STARTED = time.monotonic()  # noqa: TID251  a program of its own, with no actor's clock


def flags(words: list[str]) -> dict[str, list[str]]:
    """The values of `--name=value`, `--name value` and `--name`."""
    found: dict[str, list[str]] = {}
    i = 0
    while i < len(words):
        name, equals, value = words[i].lstrip("-").partition("=")
        if not equals and i + 1 < len(words) and not words[i + 1].startswith("--"):
            i += 1
            value = words[i]
        found.setdefault(name, []).append(value)
        i += 1
    return found


class Web(BaseHTTPRequestHandler):
    """Answers of netexec, liveness, serve-hostname and test-webserver."""

    protocol_version = "HTTP/1.1"
    command_name = "netexec"

    def answer(self, text: str, code: int = 200) -> None:
        """Send a text."""
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Answer."""
        url = urlparse(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if self.command_name == "liveness" and url.path == "/healthz":
            late = time.monotonic() - _STARTED > 10  # noqa: TID251
            self.answer("error" if late else "ok", 500 if late else 200)
        elif self.command_name == "serve-hostname" or url.path in ("/hostname", "/hostName"):
            self.answer(socket.gethostname())
        elif url.path == "/clientip":
            self.answer(f"{self.client_address[0]}:{self.client_address[1]}")
        elif url.path == "/echo":
            self.answer(query.get("msg", ""), int(query.get("code", "200")))
        elif url.path == "/shell":
            done = subprocess.run(
                ["sh", "-c", query.get("cmd", "")], capture_output=True, text=True, check=False
            )
            self.answer(json.dumps({"output": done.stdout + done.stderr}))
        elif url.path == "/exit":
            self.answer("exiting")
            os._exit(int(query.get("code", "0")))
        elif url.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", query.get("loc", "/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.answer(f"NOW: {time.ctime()}\n")

    do_POST = do_PUT = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say who asks."""
        print(self.command, self.path, flush=True)


def serve(name: str, words: list[str]) -> None:
    """Serve HTTP, and with netexec UDP, for ever."""
    given = flags(words)
    port = int(
        given.get("http-port", given.get("port", ["9376" if name == "serve-hostname" else "8080"]))[
            0
        ]
    )
    handler = type("Handler", (Web,), {"command_name": name})
    if name == "netexec" and "udp-port" in given:
        threading.Thread(target=echo, args=(int(given["udp-port"][0]),), daemon=True).start()
    print(f"Started HTTP server on port {port}", flush=True)
    ThreadingHTTPServer((os.environ.get("POD_IP", ""), port), handler).serve_forever()


def echo(port: int) -> None:
    """Answer datagrams as netexec does."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind((os.environ.get("POD_IP", ""), port))
    while True:
        data, who = line.recvfrom(1 << 16)
        word, _, rest = data.decode().strip().partition(" ")
        line.sendto((socket.gethostname() if word.lower() == "hostname" else rest).encode(), who)


def mounttest(words: list[str]) -> None:
    """Say what a volume looks like, and write into it."""
    given = flags(words)
    for path in given.get("fs_type", []):
        kind = subprocess.run(
            ["stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=False
        ).stdout.strip()
        print(f'mount type of "{path}": {"tmpfs" if kind == "tmpfs" else kind}')
    mask = given.get("file_mode_umask")
    os.umask(0)
    for path in given.get("new_file_0644", []):
        _write(path, 0o644)
    for path in given.get("new_file_0666", []):
        _write(path, 0o666)
    for path in given.get("new_file_0660", []):
        _write(path, 0o660)
    for path in given.get("new_file_0777", []):
        _write(path, 0o777)
    assert mask is None or mask
    for path in given.get("file_perm", []):
        print(f'perms of file "{path}": {stat.filemode(os.lstat(path).st_mode)}')
    for path in given.get("file_mode", []):
        print(f'mode of file "{path}": {_go_mode(os.stat(path).st_mode)}')
    for path in given.get("file_owner", []):
        found = os.stat(path)
        print(f'owner UID of "{path}": {found.st_uid}\nowner GID of "{path}": {found.st_gid}')
    for path in given.get("file_content", []):
        with open(path) as file:
            print(f'content of file "{path}": {file.read()}')
    seconds = float(given.get("retry_time", ["180"])[0])
    for path in given.get("file_content_in_loop", []):
        end = time.monotonic() + seconds  # noqa: TID251
        while time.monotonic() < end:  # noqa: TID251
            try:
                with open(path) as file:
                    print(f'content of file "{path}": {file.read()}', flush=True)
            except OSError as error:
                print(f'error reading file content for "{path}": {error}', flush=True)
            if (
                given.get("break_on_expected_content", ["true"])[0] == "true"
                and "expected_content" in given
            ):
                break
            time.sleep(1)


def _write(path: str, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, mode), "w") as file:
        file.write("mount-tester new file\n")


def _go_mode(mode: int) -> str:
    """A mode as Go prints it."""
    text = stat.filemode(mode)
    kinds = {"d": "d", "-": "-", "l": "L"}
    start = kinds[text[0]]
    if mode & stat.S_ISGID:
        start = f"{start}g" if start == "d" else "g"
    if mode & stat.S_ISVTX:
        start = f"{start}t" if start == "d" else "t"
    return start + "".join(
        letter if mode >> (8 - i) & 1 else "-" for i, letter in enumerate("rwxrwxrwx")
    )


def main() -> None:
    """Be the subcommand of the first argument."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    name, words = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("pause", [])
    if name == "pause":
        print("Paused", flush=True)
        signal.pause()
    elif name == "mounttest":
        mounttest(words)
    elif name == "entrypoint-tester":
        print(f"[{' '.join(sys.argv)}]")
    elif name == "logs-generator":
        given = flags(words)
        total = int(given.get("log-lines-total", ["0"])[0])
        pause = given.get("run-duration", ["1s"])[0].rstrip("s")
        for i in range(total):
            print(f"I {i} /api/v1/namespaces/ns/pods/x {i}", flush=True)
            time.sleep(float(pause) / max(1, total))
    elif name == "connect":
        host, _, port = words[0].rpartition(":")
        given = flags(words[1:])
        try:
            socket.create_connection(
                (host, int(port)), float(given.get("timeout", ["1s"])[0].rstrip("s"))
            ).close()
        except OSError as error:
            print(
                "TIMEOUT" if isinstance(error, TimeoutError) else f"REFUSED: {error}",
                file=sys.stderr,
            )
            sys.exit(1)
    else:
        serve(name, words)


if __name__ == "__main__":
    main()
