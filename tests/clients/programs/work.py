"""What the programs of client libraries run."""

from typing import Any, Final

from tests.manifests import deployment

SAYS: Final = "here I am"
COMMAND: Final = ["sh", "-c", f"echo {SAYS}; sleep 1000"]


def web() -> dict[str, Any]:
    """A Deployment of two pods that say something."""
    document = deployment(replicas=2)
    del document["metadata"]["namespace"]
    document["spec"]["template"]["spec"]["containers"][0] |= {
        "image": "busybox",
        "command": COMMAND,
    }
    return document
