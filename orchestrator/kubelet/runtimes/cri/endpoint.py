"""A runtime behind a socket, asked over gRPC."""

from typing import Any, Final

import grpc
import grpc.aio

from orchestrator.kubelet.runtimes.cri.schema import PACKAGE, message

_QUICK: Final = 120.0  # seconds for what a runtime does at once, or gives up
_PULL: Final = 900.0

# call -> service, request, response, seconds
_CALLS: Final = {
    "Version": ("Runtime", "VersionRequest", "VersionResponse", _QUICK),
    "RunPodSandbox": ("Runtime", "RunPodSandboxRequest", "RunPodSandboxResponse", 240.0),
    "StopPodSandbox": ("Runtime", "PodSandboxRequest", "Empty", _QUICK),
    "RemovePodSandbox": ("Runtime", "PodSandboxRequest", "Empty", _QUICK),
    "ListPodSandbox": ("Runtime", "ListPodSandboxRequest", "ListPodSandboxResponse", _QUICK),
    "CreateContainer": ("Runtime", "CreateContainerRequest", "CreateContainerResponse", _QUICK),
    "StartContainer": ("Runtime", "ContainerRequest", "Empty", _QUICK),
    "StopContainer": ("Runtime", "StopContainerRequest", "Empty", None),
    "RemoveContainer": ("Runtime", "ContainerRequest", "Empty", _QUICK),
    "ListContainers": ("Runtime", "ListContainersRequest", "ListContainersResponse", _QUICK),
    "ContainerStatus": ("Runtime", "ContainerRequest", "ContainerStatusResponse", _QUICK),
    "UpdateContainerResources": (*("Runtime", "UpdateContainerResourcesRequest", "Empty", _QUICK),),
    "ContainerStats": ("Runtime", "ContainerRequest", "ContainerStatsResponse", _QUICK),
    "ExecSync": ("Runtime", "ExecSyncRequest", "ExecSyncResponse", None),
    "Exec": ("Runtime", "ExecRequest", "StreamResponse", _QUICK),
    "Attach": ("Runtime", "AttachRequest", "StreamResponse", _QUICK),
    "ImageStatus": ("Image", "ImageStatusRequest", "ImageStatusResponse", _QUICK),
    "PullImage": ("Image", "PullImageRequest", "PullImageResponse", _PULL),
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
        service, request, response, _ = _CALLS[name]
        return self._channel.unary_unary(
            f"/{PACKAGE}.{service}Service/{name}",
            request_serializer=message(request).SerializeToString,
            response_deserializer=message(response).FromString,
        )

    async def ask(self, call: str, seconds: float | None = None, **fields: Any) -> Any:
        """The answer to a call; `fields` are its request's. Raises CriFault."""
        _, request, _, usual = _CALLS[call]
        try:
            return await self._calls[call](
                message(request)(**fields), timeout=usual if seconds is None else seconds
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
