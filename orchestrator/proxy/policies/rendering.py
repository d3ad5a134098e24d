"""A node's rules for its isolated pods.

Packets of connections that stand pass; the first one of a connection is looked up by its sender, then by its receiver,
after services have been translated, so that a policy speaks of pods and not of service addresses. What the control
plane's machine sends passes: kubelets probe from there. A pod may always talk with itself.
"""

from collections.abc import Iterable, Iterator

from orchestrator.proxy.policies.decisions import Allowed, Isolation, Ports

TABLE = "ip network-policies"


def render(isolations: Iterable[Isolation], control_plane: str) -> str:
    """What `nft -f` is given to have these rules, and no others."""
    those = list(isolations)
    lines = [f"add table {TABLE}", f"delete table {TABLE}"]
    if those:
        lines += [f"table {TABLE} {{", *_chains(those, control_plane), "}"]
    return "\n".join(lines) + "\n"


def _chains(isolations: list[Isolation], control_plane: str) -> Iterator[str]:
    sides = {"out": ("saddr", []), "in": ("daddr", [])}  # type: dict[str, tuple[str, list[str]]]
    for each in isolations:
        name = each.address.replace(".", "-")
        for side, allowed, peer in (("out", each.egress, "daddr"), ("in", each.ingress, "saddr")):
            if allowed is None:
                continue
            sides[side][1].append(f"{each.address} : jump {side}-{name}")
            yield f"chain {side}-{name} {{"
            yield f"ip {peer} {each.address} return"
            for one in allowed:
                yield f"{_match(one, peer)} return".strip()
            yield "drop"
            yield "}"
    yield "chain forward {"
    yield "type filter hook forward priority 10;"
    yield "ct state established,related accept"
    yield f"ip saddr {control_plane} accept"
    for field, pods in sides.values():
        if pods:
            yield f"ip {field} vmap {{ {', '.join(pods)} }}"
    yield "}"


def _match(allowed: Allowed, peer: str) -> str:
    parts = []
    if allowed.addresses is not None:
        parts.append(f"ip {peer} {{ {', '.join(allowed.addresses)} }}")
    if allowed.block is not None:
        parts.append(f"ip {peer} {allowed.block}")
    if allowed.but_for:
        parts.append(f"ip {peer} != {{ {', '.join(allowed.but_for)} }}")
    if allowed.ports is not None:
        parts.append(_at(allowed.ports))
    return " ".join(parts)


def _at(ports: Ports) -> str:
    protocol = ports.protocol.lower()
    if not ports.first:
        return f"meta l4proto {protocol}"
    if ports.last > ports.first:
        return f"{protocol} dport {ports.first}-{ports.last}"
    return f"{protocol} dport {ports.first}"
