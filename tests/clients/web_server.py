"""A small HTTP server, for containers: it listens at POD_IP and tells where its answers come from.

`/` answers name and version, `/started`, `/ready` and `/healthy` what the files of these names in /tmp let it say: it has
started once `started` is there, is ready unless `unready` is there, and healthy unless `ill` is.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        files = {"/started": True, "/ready": True, "/healthy": True}
        files["/ready"] = not os.path.exists("/tmp/unready")
        files["/healthy"] = not os.path.exists("/tmp/ill")
        body = f"{os.environ['HOSTNAME']} {os.environ.get('VERSION', '1')}\n".encode()
        self.send_response(200 if files.get(self.path, True) else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say who asks for what."""
        if self.path == "/" or self.path.startswith("/say/"):
            print(f"{self.command} {self.path}", flush=True)


def main() -> None:
    """Serve until SIGTERM, which Python does not heed as the first process unless it is told to."""
    import signal

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = ThreadingHTTPServer((os.environ.get("POD_IP", "127.0.0.1"), int(sys.argv[1])), Handler)
    print("listening", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
