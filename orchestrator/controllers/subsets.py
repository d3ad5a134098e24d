"""The subsets of Endpoints in their one form: addresses together with all the ports that they have.

An address has a port if some subset says so; addresses with the very same ports make one subset. One that is not
ready in any of them is not ready.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import EndpointAddress, EndpointPort, EndpointSubset

MAX_ADDRESSES: Final = 1000

_Key = tuple[str, str]  # an address, and the uid of what is behind it
_States = tuple[tuple[_Key, bool], ...]


def repacked(subsets: Iterable[EndpointSubset]) -> tuple[EndpointSubset, ...]:
    """The same addresses and ports in as few subsets as can be, in order."""
    known: dict[_Key, EndpointAddress] = {}
    by_port: dict[EndpointPort | None, dict[_Key, bool]] = {}
    for subset in subsets:
        for port in subset.ports or (None,):
            states = by_port.setdefault(port, {})
            for ready, addresses in ((True, subset.addresses), (False, subset.not_ready_addresses)):
                for address in addresses:
                    target = address.target_ref
                    key = (address.ip, target.uid if target is not None else "")
                    known.setdefault(key, address)
                    states[key] = states.get(key, True) and ready
    ports: dict[_States, list[EndpointPort]] = {}
    for number, states in by_port.items():
        group = ports.setdefault(tuple(sorted(states.items())), [])
        if number is not None:
            group.append(number)
    made = (_subset(known, states, group) for states, group in ports.items())
    return tuple(sorted(made, key=lambda each: str(each.ports)))


def _subset(
    known: Mapping[_Key, EndpointAddress], states: _States, ports: list[EndpointPort]
) -> EndpointSubset:
    return EndpointSubset(
        addresses=in_order(known[key] for key, ready in states if ready),
        not_ready_addresses=in_order(known[key] for key, ready in states if not ready),
        ports=tuple(sorted(ports, key=lambda p: (p.name or "", p.port, p.protocol or ""))),
    )


def in_order(addresses: Iterable[EndpointAddress]) -> tuple[EndpointAddress, ...]:
    """The addresses by number."""
    return tuple(sorted(addresses, key=lambda a: _number(a.ip)))


@lru_cache(maxsize=1 << 16)
def _number(ip: str) -> tuple[int, bytes]:
    for version, family in ((4, AF_INET), (6, AF_INET6)):
        with suppress(OSError):
            return version, inet_pton(family, ip)
    return 0, b""  # whoever wrote it; it has no place of its own


def truncated(subsets: tuple[EndpointSubset, ...]) -> tuple[tuple[EndpointSubset, ...], bool]:
    """At most a thousand addresses in all, and whether some were left out: first those that are not ready.

    What is cut is cut from all subsets in proportion.
    """
    ready = sum(len(s.addresses) for s in subsets)
    rest = sum(len(s.not_ready_addresses) for s in subsets)
    if ready + rest <= MAX_ADDRESSES:
        return subsets, False
    if ready > MAX_ADDRESSES:
        cut = _shares([s.addresses for s in subsets], MAX_ADDRESSES)
        none: tuple[EndpointAddress, ...] = ()
        return tuple(
            replace(subset, addresses=some, not_ready_addresses=none)
            for subset, some in zip(subsets, cut, strict=True)
        ), True
    cut = _shares([s.not_ready_addresses for s in subsets], MAX_ADDRESSES - ready)
    return tuple(
        replace(subset, not_ready_addresses=some) for subset, some in zip(subsets, cut, strict=True)
    ), True


def _shares(
    parts: Sequence[tuple[EndpointAddress, ...]], room: int
) -> list[tuple[EndpointAddress, ...]]:
    total, left, shares = sum(map(len, parts)), room, []
    for part in parts:
        share = part[: min(math.ceil(len(part) / total * room), left)]
        left -= len(share)
        shares.append(share)
    return shares
