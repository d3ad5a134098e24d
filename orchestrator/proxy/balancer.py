"""Which endpoint takes a connection: round robin, with ClientIP affinity where the service asks.

The state is one proxy's own, as in kube-proxy's userspace balancer: a position per service port, and
for affinity the endpoint that a client was last sent to. Time is passed in.
"""

from msgspec import Struct

from orchestrator.proxy.table import Backend, ServiceKey, ServicePort

PortKey = tuple[ServiceKey, str, str]  # service, port name, protocol


class Destination(Struct, frozen=True):
    """Where a connection goes. `pod` is `namespace/name`, empty when no pod is behind it."""

    ip: str
    port: int
    pod: str
    node: str
    service: str  # namespace/name


class _Stickiness(Struct):
    address: tuple[str, int]
    used_at: float


class Balancer:
    """Chooses backends for one proxy."""

    def __init__(self) -> None:
        self._positions: dict[PortKey, int] = {}
        self._sticky: dict[PortKey, dict[str, _Stickiness]] = {}

    def choose(
        self, port: ServicePort, backends: tuple[Backend, ...], client_ip: str, now: float
    ) -> Destination:
        """One of `backends` (not empty) for a new connection of `client_ip` at `now` (seconds).

        A client of a service with affinity is sent where it was last sent, as long as that was
        less than the affinity's timeout ago and the endpoint is still there.
        """
        key = (port.service, port.name, port.protocol)
        if port.affinity_seconds is None:
            self._sticky.pop(key, None)
            return _destination(port, self._next(key, backends))
        clients = self._sticky.setdefault(key, {})
        sticky = clients.get(client_ip)
        backend = None
        if sticky is not None and now - sticky.used_at < port.affinity_seconds:
            backend = next((b for b in backends if (b.ip, b.port) == sticky.address), None)
        if backend is None:
            backend = self._next(key, backends)
        clients[client_ip] = _Stickiness((backend.ip, backend.port), now)
        return _destination(port, backend)

    def forget_idle(self, ports: dict[PortKey, int], now: float) -> None:
        """Drop what no longer matters; `ports` holds each served port's affinity timeout or 0."""
        for key in [key for key in self._positions if key not in ports]:
            del self._positions[key]
        for key in [key for key in self._sticky if not ports.get(key)]:
            del self._sticky[key]
        for key, clients in self._sticky.items():
            for client in [c for c, s in clients.items() if now - s.used_at >= ports[key]]:
                del clients[client]

    @property
    def remembered(self) -> int:
        """How many clients are held by affinity."""
        return sum(len(clients) for clients in self._sticky.values())

    def _next(self, key: PortKey, backends: tuple[Backend, ...]) -> Backend:
        position = self._positions.get(key, 0) % len(backends)
        self._positions[key] = position + 1
        return backends[position]


def _destination(port: ServicePort, backend: Backend) -> Destination:
    return Destination(
        ip=backend.ip,
        port=backend.port,
        pod=backend.pod,
        node=backend.node,
        service=f"{port.service.namespace}/{port.service.name}",
    )
