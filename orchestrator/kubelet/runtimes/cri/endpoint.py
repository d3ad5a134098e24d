"""A runtime behind a socket, asked over gRPC."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import grpc
import grpc.aio

from orchestrator.kubelet.runtimes.cri.schema import PACKAGE, message

_QUICK: Final = 120.0  # seconds for what a runtime does at once, or gives up
_PULL: Final = 900.0


class _Call(NamedTuple):
    """A call's service, the messages that it takes and answers, and the seconds that it may last."""

    service: str
    request: str
    response: str
    seconds: float | None


def _own(call: str, seconds: float | None = _QUICK, service: str = "Runtime") -> _Call:
    """A call whose messages are named after it."""
    return _Call(service, f"{call}Request", f"{call}Response", seconds)


def _with(request: str, response: str = "Empty", seconds: float | None = _QUICK) -> _Call:
    """A call of the runtime that shares its messages with others."""
    return _Call("Runtime", request, response, seconds)


_CALLS: Final[Mapping[str, _Call]] = {
    **{
        name: _own(name)
        for name in ("Version", "ListPodSandbox", "CreateContainer", "ListContainers")
    },
    "RunPodSandbox": _own("RunPodSandbox", 240.0),
    "StopPodSandbox": _with("PodSandboxRequest"),
    "RemovePodSandbox": _with("PodSandboxRequest"),
    "StartContainer": _with("ContainerRequest"),
    "StopContainer": _with("StopContainerRequest", seconds=None),
    "RemoveContainer": _with("ContainerRequest"),
    "ContainerStatus": _with("ContainerRequest", "ContainerStatusResponse"),
    "ContainerStats": _with("ContainerRequest", "ContainerStatsResponse"),
    "ReopenContainerLog": _with("ContainerRequest"),
    "UpdateContainerResources": _with("UpdateContainerResourcesRequest"),
    "ExecSync": _own("ExecSync", None),
    "Exec": _with("ExecRequest", "StreamResponse"),
    "Attach": _with("AttachRequest", "StreamResponse"),
    "ImageStatus": _own("ImageStatus", service="Image"),
    "PullImage": _own("PullImage", _PULL, service="Image"),
}


class CriFault(Exception):
    """The runtime refuses, or cannot be reached; the text is what it says. `missing`: there is no such thing."""

    def __init__(self, text: str, *, missing: bool = False) -> None:
        super().__init__(text)
        self.missing = missing


class Endpoint:
    """A CRI runtime at an address that gRPC knows: `unix:///run/containerd/containerd.sock`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel = grpc.aio.insecure_channel(address)
        self._calls = {name: self._call(name) for name in _CALLS}

    def _call(self, name: str) -> Any:
        call = _CALLS[name]
        return self._channel.unary_unary(
            f"/{PACKAGE}.{call.service}Service/{name}",
            request_serializer=message(call.request).SerializeToString,
            response_deserializer=message(call.response).FromString,
        )

    async def ask(self, call: str, seconds: float | None = None, **fields: Any) -> Any:
        """The answer to a call; `fields` are its request's. Raises CriFault."""
        row = _CALLS[call]
        try:
            return await self._calls[call](
                message(row.request)(**fields),
                timeout=row.seconds if seconds is None else seconds,
            )
        except grpc.aio.AioRpcError as error:
            code = error.code()
            if code is grpc.StatusCode.UNAVAILABLE:
                raise CriFault(f"no container runtime answers at {self.address}") from None
            if code is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise CriFault("context deadline exceeded") from None
            missing = code is grpc.StatusCode.NOT_FOUND
            raise CriFault(error.details() or code.name, missing=missing) from None

    async def close(self) -> None:
        """End the connection."""
        await self._channel.close()
