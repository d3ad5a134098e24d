"""A kernel that takes transactions of nftables and refuses what the real one refuses."""

import re
from collections.abc import Iterator

from orchestrator.proxy.planes.nftables.ruleset import Ruleset

_REFERRED = re.compile(r"(?:jump|goto) ([^\s,}]+)")
_NAMED = re.compile(r"@([^\s,}]+)")


class Kernel:
    """One table. What a transaction says it does, or it fails an assertion."""

    def __init__(self) -> None:
        self.sets: dict[str, str] = {}
        self.elements: dict[str, dict[str, str]] = {}
        self.chains: dict[str, list[str]] = {}

    def take(self, transaction: str) -> None:
        """Do what `nft -f` would."""
        for line in transaction.splitlines():
            verb, kind, rest = line.split(" ", 2)
            name, _, body = rest.removeprefix("ip kube-proxy").strip().partition(" ")
            if kind == "table":
                if verb == "delete":
                    for everything in (self.sets, self.elements, self.chains):
                        everything.clear()
            elif kind in ("set", "map"):
                self._set(verb, name, f"{kind} {body}")
            elif kind == "chain":
                self._chain(verb, name)
            elif kind == "rule":
                self.chains[name].append(body)
            else:
                self._element(verb, name, body.removeprefix("{ ").removesuffix(" }"))
        for rule in self._rules():
            assert set(_REFERRED.findall(rule)) <= self.chains.keys(), rule
            assert set(_NAMED.findall(rule)) <= self.sets.keys(), rule

    def _set(self, verb: str, name: str, declaration: str) -> None:
        assert (verb == "add") == (name not in self.sets), name
        if verb == "add":
            self.sets[name] = declaration
            self.elements[name] = {}
        else:
            assert not any(name in _NAMED.findall(rule) for rule in self._rules()), name
            del self.sets[name], self.elements[name]

    def _chain(self, verb: str, name: str) -> None:
        assert (verb == "add") == (name not in self.chains), name
        if verb == "delete":
            assert not self.chains[name], name
            assert not any(name in _REFERRED.findall(rule) for rule in self._rules()), name
            del self.chains[name]
        else:
            self.chains[name] = []

    def _element(self, verb: str, name: str, body: str) -> None:
        known = self.elements[name]
        for element in body.split(", "):
            key, _, value = element.partition(" : ")
            if verb == "add":
                assert key not in known, element
                known[key] = value
            else:
                assert known.pop(key) == value, element

    def _rules(self) -> Iterator[str]:
        for rules in self.chains.values():
            yield from rules
        for elements in self.elements.values():
            yield from elements.values()

    def has(self, wanted: Ruleset) -> bool:
        """Whether it has these rules and no others."""
        chains = {name: tuple(rules) for name, rules in self.chains.items()}
        elements = {name: found for name, found in self.elements.items() if found}
        wanted_elements = {name: dict(found) for name, found in wanted.elements.items() if found}
        return (
            self.sets == dict(wanted.sets)
            and chains == dict(wanted.chains)
            and elements == wanted_elements
        )
