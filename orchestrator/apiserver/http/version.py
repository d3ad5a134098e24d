"""Which Kubernetes this server says it is."""

import platform
import sys
from typing import Final

from orchestrator.api import codec
from orchestrator.api.meta.v1 import Info

# The version of the API document that the kinds are generated from. Clients parse it as a semantic
# version and decide by it what the server can do, so it has no suffix of our own.
MAJOR: Final = "1"
MINOR: Final = "36"
GIT_VERSION: Final = f"v{MAJOR}.{MINOR}.2"


def runtime_version() -> str:
    """What runs the server, where Kubernetes names its Go."""
    return f"python{platform.python_version()}"


def version_document() -> bytes:
    """The answer to /version."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    info = Info(
        major=MAJOR,
        minor=MINOR,
        emulation_major=MAJOR,
        emulation_minor=MINOR,
        min_compatibility_major=MAJOR,
        min_compatibility_minor=str(int(MINOR) - 1),
        git_version=GIT_VERSION,
        git_commit="",
        git_tree_state="clean",
        build_date="1970-01-01T00:00:00Z",
        go_version=runtime_version(),
        compiler=sys.implementation.name,
        platform=f"{platform.system().lower()}/{machine}",
    )
    return codec.encode(info)
