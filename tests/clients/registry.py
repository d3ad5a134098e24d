"""A registry of images on the loopback interface, which tells nobody anything without name and password."""

import base64
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

USER, PASSWORD = "somebody", "secret:word"


@contextmanager
def registry(archive: Path) -> Iterator[str]:
    """Its address, while it serves the one image of an archive in OCI layout under every name."""
    with tarfile.open(archive) as packed:
        members = {m.name: packed.extractfile(m) for m in packed.getmembers()}
        blobs = {name: file.read() for name, file in members.items() if file is not None}
    manifest = json.loads(blobs["index.json"])["manifests"][0]["digest"]
    wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.headers.get("Authorization") != wanted:
                self._answer(401, b"", "text/plain", "")
                return
            digest = self.path.rpartition("/")[2]
            of_manifest = "/manifests/" in self.path
            digest = manifest if of_manifest and ":" not in digest else digest
            media = (
                "application/vnd.oci.image.manifest.v1+json"
                if of_manifest
                else "application/octet-stream"
            )
            self._answer(200, blobs[f"blobs/sha256/{digest[7:]}"], media, digest)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(self, code: int, body: bytes, media: str, digest: str) -> None:
            self.send_response(code)
            self.send_header("WWW-Authenticate", 'Basic realm="tests"')
            self.send_header("Docker-Content-Digest", digest)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
