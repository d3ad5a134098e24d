"""NodePorts: a port of a node is one pod's."""

from tests.scheduler.oracle.world import Manifest, Refused, World, containers_of

_ANY = "0.0.0.0"


def ports(world: World, pod: Manifest, node: str) -> Refused | None:
    """A port is taken at its address, or at all of them."""
    taken = [port for other in world.pods_on(node) for port in _ports(other)]
    for address, protocol, number in _ports(pod):
        for at, of, used in taken:
            if (protocol, number) == (of, used) and (address == at or _ANY in (address, at)):
                return Refused(("node(s) didn't have free ports for the requested pod ports",))
    return None


def _ports(pod: Manifest) -> list[tuple[str, str, int]]:
    """Those of containers and of sidecars."""
    return [
        (port.get("hostIP") or _ANY, port.get("protocol") or "TCP", port["hostPort"])
        for container in containers_of(pod)
        if container in pod["spec"]["containers"] or container.get("restartPolicy") == "Always"
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]
