"""Images in OCI layout, made of texts."""

import io
import json
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from orchestrator.kubelet.runtimes.process import Image


def layer(**files: str) -> bytes:
    """A layer whose files are named with `__` for a slash."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def layout(place: Path, config: dict[str, Any], *layers: bytes) -> Image:
    """An image `web` with this configuration."""
    blobs = place / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes) -> dict[str, str]:
        digest = sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}"}

    manifest = {
        "config": put(json.dumps({"config": config}).encode()),
        "layers": [put(each) for each in layers],
    }
    (place / "index.json").write_text(
        json.dumps({"manifests": [put(json.dumps(manifest).encode())]})
    )
    (place / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return Image("web", directory=str(place))
