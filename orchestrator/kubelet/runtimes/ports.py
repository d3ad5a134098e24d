"""The ports that probes and hooks ask, which may be told by the names that their container gives them."""

from orchestrator.api.core.v1 import Container
from orchestrator.api.scalars import IntOrString

_MOST = 65_535


class UnknownPort(ValueError):
    """There is no such port; the text is what the kubelet says of it."""


def number_of(port: IntOrString, container: Container) -> int:
    """A port's number, looked up if it is the name of one of the container's. Raises UnknownPort."""
    if isinstance(port, int):
        number = port
    elif (named := [each.container_port for each in container.ports if each.name == port]) != []:
        number = named[0]
    elif port.isdecimal():
        number = int(port)
    else:
        raise UnknownPort(f'strconv.Atoi: parsing "{port}": invalid syntax')
    if not 0 < number <= _MOST:
        raise UnknownPort(f"invalid port number: {number}")
    return number
