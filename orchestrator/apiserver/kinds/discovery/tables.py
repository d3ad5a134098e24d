"""What `kubectl get` shows of the kinds of `discovery`."""

from typing import Final

from orchestrator.api.discovery.v1 import EndpointPort, EndpointSlice
from orchestrator.apiserver.printing import UNSET, Printer, Row, age, joined


def _slice_cells(obj: EndpointSlice, now: float) -> Row:
    addresses = (address for endpoint in obj.endpoints for address in endpoint.addresses)
    return (
        obj.metadata.name,
        obj.address_type,
        joined(map(_slice_port, obj.ports), empty=UNSET),
        joined(addresses, empty=UNSET),
        age(obj, now),
    )


def _slice_port(port: EndpointPort) -> str:
    if port.port is not None:
        return str(port.port)
    return port.name if port.name is not None else "*"


SLICES: Final = Printer(
    cells=_slice_cells,
)
