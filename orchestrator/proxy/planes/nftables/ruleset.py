"""A table of nftables as plain data, and the transaction that makes one of another.

Only what differs is written, so that what the kernel has learned stays: the clients of a service with affinity are
elements of sets that nobody here writes.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from orchestrator.api.scalars import EMPTY


class Ruleset(Struct, frozen=True):
    """One table. `sets` are the declarations of sets and maps by name (`map service-ips`), `elements` what is in
    those that are written here, key to value (empty in a set), `chains` the rules by chain, `hooks` where a chain
    is hooked in.
    """

    table: str  # "ip kube-proxy"
    sets: Mapping[str, str]
    elements: Mapping[str, Mapping[str, str]]
    chains: Mapping[str, tuple[str, ...]]
    hooks: Mapping[str, str]


_NOTHING: Final[Mapping[str, str]] = EMPTY


def transaction(old: Ruleset | None, new: Ruleset) -> str:
    """What `nft -f` is given to turn `old` into `new`; None: whatever is there of the table is replaced.

    Empty when they are equal.
    """
    lines = list(_lines(old, new))
    return "\n".join(lines) + "\n" if lines else ""


def _lines(old: Ruleset | None, new: Ruleset) -> Iterator[str]:
    table = new.table
    if old is None:
        yield f"add table {table}"
        yield f"delete table {table}"
        yield f"add table {table}"
        old = Ruleset(table, _NOTHING, {}, {}, _NOTHING)
    for name, declaration in new.sets.items():
        if name not in old.sets:
            yield f"add {_kind(declaration)} {table} {name} {_body(declaration)}"
    for name in new.chains:
        if name not in old.chains:
            hook = new.hooks.get(name, "")
            yield f"add chain {table} {name}" + (f" {{ {hook} }}" if hook else "")
    yield from _chains(old, new)
    yield from _elements(old, new)
    # What nobody refers to any more.
    stale = [name for name in old.chains if name not in new.chains]
    yield from (f"flush chain {table} {name}" for name in stale)
    yield from (f"delete chain {table} {name}" for name in stale)
    for name, declaration in old.sets.items():
        if name not in new.sets:
            yield f"delete {_kind(declaration)} {table} {name}"


def _chains(old: Ruleset, new: Ruleset) -> Iterator[str]:
    for name, rules in new.chains.items():
        before = old.chains.get(name)
        if before == rules:
            continue
        if before is not None:
            yield f"flush chain {new.table} {name}"
        yield from (f"add rule {new.table} {name} {rule}" for rule in rules)


def _elements(old: Ruleset, new: Ruleset) -> Iterator[str]:
    for name, wanted in new.elements.items():
        known = old.elements.get(name, _NOTHING)
        gone = [key for key, value in known.items() if wanted.get(key) != value]
        come = [key for key, value in wanted.items() if known.get(key) != value]
        if gone:
            texts = (_element(key, known[key]) for key in gone)
            yield f"delete element {new.table} {name} {{ {', '.join(texts)} }}"
        if come:
            texts = (_element(key, wanted[key]) for key in come)
            yield f"add element {new.table} {name} {{ {', '.join(texts)} }}"


def _element(key: str, value: str) -> str:
    return f"{key} : {value}" if value else key


def _kind(declaration: str) -> str:
    return declaration.partition(" ")[0]


def _body(declaration: str) -> str:
    return declaration.partition(" ")[2]
