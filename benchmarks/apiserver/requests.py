"""The requests that `apiserver` asks again and again."""

import json
from typing import Final, NamedTuple

TOKEN: Final = "benchmark"
LISTED: Final = 500
MAPS: Final = "/api/v1/namespaces/default/configmaps"
WATCHED: Final = "/api/v1/namespaces/watched/configmaps"
PODS: Final = "/api/v1/namespaces/default/pods"
JSON: Final = "application/json"


class Request(NamedTuple):
    """What is asked again and again; `{}` in path and body is another number each time."""

    name: str
    method: str
    path: str
    kind: str = JSON
    body: str = ""

    def bytes_of(self, number: int) -> bytes:
        """The request on the wire."""
        path, body = self.path.replace("{}", str(number)), self.body.replace("{}", str(number))
        head = (
            f"{self.method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Accept: {JSON}\r\nContent-Type: {self.kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()


def config_map(name: str, **data: str) -> str:
    """A ConfigMap's document."""
    metadata = {"name": name}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


REQUESTS: Final = (
    Request("get", "GET", f"{PODS}/pod-7"),
    Request("list", "GET", f"{PODS}?limit={LISTED}"),
    Request("create", "POST", MAPS, body=config_map("made-{}", key="value")),
    Request(
        "patch",
        "PATCH",
        f"{MAPS}/patched",
        "application/merge-patch+json",
        json.dumps({"data": {"key": "{}"}}),
    ),
    Request(
        "apply",
        "PATCH",
        f"{MAPS}/applied?fieldManager=benchmark&force=true",
        "application/apply-patch+yaml",
        config_map("applied", key="{}", other="as it was"),
    ),
)
