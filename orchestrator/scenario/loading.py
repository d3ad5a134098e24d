"""From a file to a checked scenario; every fault is a ScenarioError that says where."""

import re
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import yaml

from actors import Fault, FaultPlan
from orchestrator.api import codec
from orchestrator.api.core.v1 import Taint
from orchestrator.api.errors import ApiTypeError
from orchestrator.cluster import node_spec
from orchestrator.kubelet import NodeSpec, Profile
from orchestrator.kubelet.runtimes.profile import ProfileError, parse_field
from orchestrator.machinery import manifests, quantities
from orchestrator.machinery.errors import MachineryError
from orchestrator.machinery.times import parse_duration
from orchestrator.scenario.errors import ScenarioError
from orchestrator.scenario.measures import MEASURES
from orchestrator.scenario.model import Scenario, Step, Workload

T = TypeVar("T")

_PLACEHOLDER: Final = re.compile(r"\{\{\s*index\s*(?:%\s*(\d+)\s*)?\}\}")
_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")
_ACTIONS: Final = (
    "apply",
    "scale",
    "delete",
    "cordon",
    "uncordon",
    "crash_node",
    "restart_node",
    "remove_node",
    "crash",
    "wait",
    "sleep",
)


class Loaded(msgspec.Struct, frozen=True):
    """A scenario whose every part has been checked, ready to run."""

    scenario: Scenario
    path: Path
    text: str
    nodes: tuple[NodeSpec, ...]
    workloads: tuple[dict[str, Any], ...]  # manifests, in the order of application
    applied: dict[int, tuple[dict[str, Any], ...]]  # by the number of the step
    profile: Profile
    faults: FaultPlan | None


def load(path: Path) -> Loaded:
    """Read and check a scenario file and all that it names. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ScenarioError(str(path), 0, "", f"cannot be read: {reason}") from None
    return _Loader(path, text).load()


class _Loader:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text

    def load(self) -> Loaded:
        try:
            documents = manifests.load_all(self._text, str(self._path))
        except MachineryError as error:
            raise ScenarioError(str(self._path), 0, "", _without(str(error), self._path)) from None
        if len(documents) != 1:
            raise self._error("", f"expected one Scenario document, got {len(documents)}")
        scenario = self._convert(documents[0], Scenario, "")
        spec = scenario.spec
        workloads = [
            manifest
            for number, workload in enumerate(spec.workloads)
            for manifest in self._expand(workload, f"spec.workloads[{number}]")
        ]
        applied = {}
        for number, step in enumerate(spec.steps):
            self._check_step(step, f"spec.steps[{number}]")
            if step.apply is not None:
                where = f"spec.steps[{number}].apply"
                applied[number] = tuple(self._expand(step.apply, where))
        for measure in spec.expect:
            if measure not in MEASURES:
                known = ", ".join(sorted(MEASURES))
                raise self._error(f"spec.expect.{measure}", f"no such measure; there are {known}")
        return Loaded(
            scenario=scenario,
            path=self._path,
            text=self._text,
            nodes=self._nodes(scenario),
            workloads=tuple(workloads),
            applied=applied,
            profile=self._profile(scenario),
            faults=self._faults(scenario),
        )

    # --- parts -----------------------------------------------------------------------------

    def _nodes(self, scenario: Scenario) -> tuple[NodeSpec, ...]:
        specs: list[NodeSpec] = []
        for index, group in enumerate(scenario.spec.nodes):
            where = f"spec.nodes[{index}]"
            if group.count < 0:
                raise self._error(f"{where}.count", f"expected 0 or more, got {group.count}")
            for resource, amount in group.capacity.items():
                if not quantities.is_quantity(amount):
                    raise self._error(
                        f"{where}.capacity.{resource}",
                        f'expected a quantity such as 500m or 16Gi, got "{amount}"',
                    )
            for number in range(group.count):
                labels = dict(group.labels)
                if group.zones:
                    labels["topology.kubernetes.io/zone"] = group.zones[number % len(group.zones)]
                specs.append(
                    node_spec(
                        f"{group.name}-{number}",
                        len(specs),
                        labels=labels,
                        taints=tuple(
                            Taint(key=t.key, value=t.value, effect=t.effect) for t in group.taints
                        ),
                        capacity={k: quantities.canonical(v) for k, v in group.capacity.items()},
                    )
                )
        return tuple(specs)

    def _profile(self, scenario: Scenario) -> Profile:
        fields: dict[str, Any] = {}
        containers = scenario.spec.simulation.containers
        for name in containers.__struct_fields__:
            value = getattr(containers, name)
            if value is None:
                continue
            try:
                fields[name] = parse_field(name, str(value))
            except ProfileError as error:
                raise self._error(
                    f"spec.simulation.containers.{_camel(name)}", str(error)
                ) from None
        return Profile(**fields)

    def _faults(self, scenario: Scenario) -> FaultPlan | None:
        faults = [
            self._convert(fault, Fault, f"spec.faults[{number}]")
            for number, fault in enumerate(scenario.spec.faults)
        ]
        return FaultPlan(tuple(faults)) if faults else None

    def _check_step(self, step: Step, where: str) -> None:
        given = [name for name in _ACTIONS if getattr(step, name)]
        if len(given) != 1:
            names = ", ".join(_camel(n) for n in _ACTIONS)
            got = " and ".join(_camel(n) for n in given) or "none"
            raise self._error(where, f"expected exactly one of {names}; got {got}")
        durations = [("at", step.at), ("sleep", step.sleep)]
        if step.wait is not None:
            durations.append(("wait.timeout", step.wait.timeout))
            if all(
                getattr(step.wait, n) is None for n in step.wait.__struct_fields__ if n != "timeout"
            ):
                raise self._error(f"{where}.wait", "expected what to wait for, got only a timeout")
        for name, text in durations:
            if text:
                self._duration(text, f"{where}.{name}")

    def _duration(self, text: str, where: str) -> float:
        try:
            return parse_duration(text)
        except MachineryError:
            raise self._error(where, f'expected a duration such as 30s, got "{text}"') from None

    # --- objects ---------------------------------------------------------------------------

    def _expand(self, workload: Workload, where: str) -> list[dict[str, Any]]:
        if bool(workload.objects) == bool(workload.file):
            raise self._error(where, "expected either objects or file")
        templates = list(workload.objects)
        if workload.file:
            templates = self._read(workload.file, f"{where}.file")
        result = []
        for index in range(workload.count):
            for number, template in enumerate(templates):
                manifest = _filled(template, index)
                if workload.namespace:
                    manifest.setdefault("metadata", {}).setdefault(
                        "namespace", _fill_text(workload.namespace, index)
                    )
                if index == 0:
                    self._check_object(manifest, f"{where}.objects[{number}]")
                result.append(manifest)
        return result

    def _read(self, name: str, where: str) -> list[dict[str, Any]]:
        path = self._path.parent / name
        files = sorted(p for p in path.rglob("*") if p.suffix in (".yaml", ".yml", ".json"))
        try:
            documents = [
                document
                for file in (files if path.is_dir() else [path])
                for document in manifests.load_all(file.read_bytes(), str(file))
            ]
        except OSError as error:
            raise self._error(where, f"cannot read {path}: {error.strerror}") from None
        except MachineryError as error:
            raise self._error(where, str(error)) from None
        return documents

    def _check_object(self, manifest: dict[str, Any], where: str) -> None:
        try:
            resource, _ = codec.decode_any(manifest)
        except ApiTypeError as error:
            raise self._error(where, str(error)) from None
        unknown = codec.unknown_fields(manifest, resource.type)
        if unknown:
            raise self._error(f"{where}.{unknown[0]}", f"{resource.kind} has no such field")

    # --- errors ----------------------------------------------------------------------------

    def _convert(self, document: Any, type_: Any, where: str) -> Any:
        try:
            return msgspec.convert(document, type_)
        except msgspec.ValidationError as error:
            text = str(error)
            match = _AT.search(text)
            path = match["path"] if match is not None else ""
            message = text[: match.start()] if match is not None else text
            full = ".".join(part for part in (where, path) if part)
            raise self._error(full, message[:1].lower() + message[1:].replace("`", '"')) from None

    def _error(self, path: str, message: str) -> ScenarioError:
        return ScenarioError(str(self._path), _line_of(self._text, path), path, message)


def _without(message: str, path: Path) -> str:
    return message.removeprefix(f"{path}:").removeprefix(str(path)).lstrip(": ")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _filled(template: Any, index: int) -> Any:
    if isinstance(template, dict):
        return {_fill_text(k, index): _filled(v, index) for k, v in template.items()}
    if isinstance(template, list):
        return [_filled(item, index) for item in template]
    return _fill_text(template, index) if isinstance(template, str) else template


def _fill_text(text: str, index: int) -> str:
    return _PLACEHOLDER.sub(lambda m: str(index % int(m[1]) if m[1] else index), text)


def _line_of(text: str, path: str) -> int:
    """The line of the deepest part of `path` that the document has; 0 when there is none."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return 0
    line = 0
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and step.isdecimal():
            if int(step) >= len(node.value):
                break
            node = node.value[int(step)]
            line = node.start_mark.line + 1
        else:
            break
    return line
