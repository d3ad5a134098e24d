"""A containerd of the tests' own, with images that they have packed: as root."""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CONFIG = """
version = 2
root = "{directory}/root"
state = "{directory}/state"
[grpc]
  address = "{directory}/socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "tests/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.other]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "{directory}/no-network"
"""


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _pack(archive: Path, name: str, program: Path, config: Mapping[str, Any]) -> None:
    """An image in OCI layout whose only layer has busybox with all its names, as an archive."""
    layer = io.BytesIO()
    names = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout
    with tarfile.open(fileobj=layer, mode="w") as files:
        for directory in ("bin", "etc", "tmp"):
            made = tarfile.TarInfo(directory)
            made.type, made.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            files.addfile(made)
        files.add(program, "bin/busybox")
        for each in set(names.split()) - {"busybox"}:
            link = tarfile.TarInfo(f"bin/{each}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            files.addfile(link)
    whole = layer.getvalue()
    root = {"type": "layers", "diff_ids": [_digest(whole)]}
    described = {"architecture": "amd64", "os": "linux", "config": config, "rootfs": root}
    settings = json.dumps(described).encode()

    def entry(data: bytes, kind: str) -> dict[str, Any]:
        media = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media, "digest": _digest(data), "size": len(data)}

    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": entry(settings, "config.v1+json"),
            "layers": [entry(whole, "layer.v1.tar")],
        }
    ).encode()
    named = {**entry(manifest, "manifest.v1+json")}
    named["annotations"] = {"io.containerd.image.name": name}
    index = json.dumps({"schemaVersion": 2, "manifests": [named]}).encode()
    with tarfile.open(archive, "w") as out:
        blobs = {f"blobs/sha256/{_digest(b)[7:]}": b for b in (whole, settings, manifest)}
        layout = b'{"imageLayoutVersion": "1.0.0"}'
        for path, data in {"oci-layout": layout, "index.json": index, **blobs}.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))


@contextmanager
def containerd(directory: Path) -> Iterator[str]:
    """Its address, while it runs; it knows `docker.io/tests/busybox:1`."""
    program = shutil.which("busybox")
    assert program is not None, "busybox is missing: apt-get install busybox-static"
    assert shutil.which("containerd"), "containerd is missing: apt-get install containerd runc"
    (directory / "config.toml").write_text(_CONFIG.format(directory=directory))
    address = f"{directory}/socket"
    with (directory / "log").open("w") as log:
        command = ["containerd", "--config", str(directory / "config.toml")]
        running = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _import(directory, address, Path(program).resolve(), running)
        yield f"unix://{address}"
    finally:
        running.terminate()
        running.wait(30)


def _import(
    directory: Path, address: str, program: Path, running: "subprocess.Popen[bytes]"
) -> None:
    pause = {"Entrypoint": ["/bin/sleep", "2147483647"]}
    _pack(directory / "pause.tar", "docker.io/tests/pause:1", program, pause)
    shell = {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"], "User": "1000"}
    _pack(directory / "busybox.tar", "docker.io/tests/busybox:1", program, shell)
    ctr = ["ctr", "--address", address, "--namespace", "k8s.io"]
    deadline = time.perf_counter() + 60
    for name in ("pause", "busybox"):
        wanted = [*ctr, "images", "import", str(directory / f"{name}.tar")]
        while (
            done := subprocess.run(wanted, capture_output=True, text=True, check=False)
        ).returncode:
            assert running.poll() is None, (directory / "log").read_text()
            assert time.perf_counter() < deadline, done.stderr
            time.sleep(0.2)
