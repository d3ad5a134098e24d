"""What a Cluster can be given, as what it is made of."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from orchestrator.api.errors import UnknownKind
from orchestrator.api.scheme import Scheme
from orchestrator.apiserver import ApiFault
from orchestrator.client import Controller
from orchestrator.client.checking import resource_for
from orchestrator.client.declaration import check
from orchestrator.client.errors import InvalidController
from orchestrator.cluster.nodes import node_spec
from orchestrator.controllers import CONTROLLERS
from orchestrator.controllers.installed import find
from orchestrator.kubelet import NodeSpec
from orchestrator.machinery import manifests
from orchestrator.machinery.errors import ManifestError


def check_faults(faults: Iterable[ApiFault], scheme: Scheme) -> None:
    """Raises ValueError for a fault of a resource that there cannot be: it would never happen.

    A name with a group that is not known yet may become that of a custom kind.
    """
    for fault in faults:
        pattern = fault.resource
        keys = {each.key for each in scheme.resources()}
        if any(fnmatchcase(key, pattern) for key in keys):
            continue
        near = sorted(_meant(pattern.lower(), scheme)) or get_close_matches(pattern, keys, 1)
        if near or "." not in pattern:
            told = f"did you mean {near[0]!r}?" if near else "that of a custom kind has its group"
            raise ValueError(f"there is no resource {pattern!r}; {told}")


def _meant(name: str, scheme: Scheme) -> set[str]:
    """The resources that kubectl finds by a name."""
    return {
        each.key
        for each in scheme.resources()
        if name in (each.plural, each.singular, each.kind.lower(), *each.short_names)
    }


def specs_of(nodes: object, runtime: str = "simulated") -> Sequence[NodeSpec]:
    """The nodes of a cluster; a number of them run `runtime`. Raises TypeError and ValueError."""
    if isinstance(nodes, int) and not isinstance(nodes, bool):
        if nodes < 0:
            raise ValueError(f"a cluster cannot have {nodes} nodes")
        return [node_spec(f"node-{number}", number, runtime=runtime) for number in range(nodes)]
    if isinstance(nodes, Sequence) and all(isinstance(spec, NodeSpec) for spec in nodes):
        return nodes
    raise TypeError(f"nodes is a number or a sequence of NodeSpec, not {nodes!r}")


def classes_of(
    controllers: object, scheme: Scheme, *, every: bool = False
) -> Sequence[type[Controller]]:
    """The controllers of a cluster, by class or by name; "*" are Kubernetes' own, "-job" all but one.

    "*" leaves out those that are not there by default, but with `every` only those that furnish nothing; and those of
    kinds that nobody serves. Raises TypeError and UnknownController.
    """
    if isinstance(controllers, str) or not isinstance(controllers, Sequence):
        raise TypeError(f"controllers is a sequence of Controller classes, not {controllers!r}")
    left_out = {find(each[1:]) for each in controllers if _leaves_out(each)}
    named = {find(each) for each in controllers if _names(each)}
    classes: list[type[Controller]] = []
    for each in controllers:
        if each == "*":
            wanted = (one for one in CONTROLLERS if one.by_default or (every and one.furnishes))
            served = (one for one in wanted if _is_served(one, scheme))
            classes += (one for one in served if one not in left_out | named)
        elif not _leaves_out(each):
            classes.append(find(each) if isinstance(each, str) else each)
    _check_all(classes, scheme)
    return classes


def _is_served(controller: type[Controller], scheme: Scheme) -> bool:
    try:
        resource_for(controller.kind, scheme)
    except UnknownKind:
        return False
    return True


def _names(controller: object) -> bool:
    return isinstance(controller, str) and controller != "*" and not _leaves_out(controller)


def _leaves_out(controller: object) -> bool:
    return isinstance(controller, str) and controller.startswith("-")


def _check_all(classes: Sequence[type[Controller]], scheme: Scheme) -> None:
    names: dict[str, type[Controller]] = {}
    for each in classes:
        check(each, {}, scheme)
        if each.name in names:
            raise InvalidController(
                each.__qualname__, f'{names[each.name].__qualname__} is named "{each.name}", too'
            )
        names[each.name] = each


def objects_of(source: str | Path | Iterable[Any]) -> list[Any]:
    """The objects of what `Cluster.apply` takes. Raises ManifestError."""
    if isinstance(source, str) and not source.strip():
        raise ManifestError("there is no manifest, and no path of one", "text", 1, 1)
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{")):
        return list(manifests.flatten(manifests.load_all(source, "text")))
    if isinstance(source, str | Path):
        return list(manifests.flatten(manifests.load_path(Path(source))))
    if isinstance(source, Mapping) or not isinstance(source, Iterable):
        return [source]  # one object
    return list(source)
