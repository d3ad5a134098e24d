"""The reference pages, made from the code whenever the site is built: a hook of MkDocs (mkdocs.yml).

What they say stands in the code: the command line's help, the scenario language's types, the catalogue
of measures, docstrings, the controllers' kinds. So nothing is kept that could differ from it.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import click
import msgspec

import actors
import orchestrator
from orchestrator import client, protocol
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver import ApiFault
from orchestrator.apiserver.kinds.stored_only import STORED_ONLY
from orchestrator.cli import main
from orchestrator.cluster import NodesNotReady, UnknownNode
from orchestrator.cluster.exploring import Broken
from orchestrator.cluster.hosted import HostedCluster, ServedCluster, SimulatedCluster
from orchestrator.controllers import CONTROLLERS
from orchestrator.kubelet import NodeSpec, Profile
from orchestrator.pytest_plugin import cluster_fixture, served_cluster_fixture
from orchestrator.scenario.language.schema import scenario_schema
from orchestrator.scenario.measures.catalogue import FAMILIES, MEASURES, SERVICE_LEVELS
from tests.apiserver.http.metric_names import absent, served


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


# --- the command line ----------------------------------------------------------------------


def command_line() -> str:
    """Every command's help."""
    parts = ["# Command line\n"]
    names = ["", *sorted(main.commands)]
    for name in names:
        command = main.commands[name] if name else main
        context = click.Context(command, info_name=f"orchestrator {name}".strip())
        context.help_option_names = ["-h", "--help"]
        context.max_content_width = context.terminal_width = 100
        heading = f"## orchestrator {name}".rstrip()
        parts.append(f"{heading}\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


# --- scenarios -----------------------------------------------------------------------------


def language() -> str:
    """Every mapping of the scenario language, with its keys."""
    definitions = json.loads(json.dumps(scenario_schema()))["$defs"]
    parts = [
        "# Scenario language\n",
        "[Scenario files](../scenarios.md) says what it is for. Wherever a number or a truth value is "
        "wanted, an expression in `{{...}}` will do.\n",
    ]
    for name, definition in sorted(definitions.items()):
        if "properties" not in definition:
            continue
        required = definition.get("required", ())
        rows = [
            [f"`{key}`", _type(value), "must be there" if key in required else _default(value)]
            for key, value in definition["properties"].items()
        ]
        said = _prose(definition.get("description", ""))
        parts.append(f"## {name}\n{said}\n\n{table(['key', 'value', 'default'], rows)}")
    return "\n".join(parts)


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        kinds = [_type(s) for s in schema["anyOf"] if "pattern" not in s]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if schema.get("items") else "list"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"mapping to {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "anything"))


def _default(schema: Mapping[str, Any]) -> str:
    if "default" not in schema:
        return ""
    return f"`{json.dumps(schema['default'])}`" if schema["default"] not in (None, "") else ""


def measures() -> str:
    """What a run measures."""
    rows = [[f"`{name}`", text] for name, text in MEASURES.items()]
    families = [[f"`{name}…`", text] for name, text in FAMILIES.items()]
    levels = [
        [f"`{name}`", ", ".join(f"`{m}` at most {b.at_most:g} s" for m, b in bounds.items())]
        for name, bounds in SERVICE_LEVELS.items()
    ]
    return "\n".join(
        [
            "# Measures\n",
            'What `expect`, a sweep and `compare` can name; "..." goes on with the line above. Windows, precision, '
            "and what pod start leaves out: [Measures](../scenarios.md#measures).\n",
            table(["measure", "what it is"], rows),
            "## One for each thing of a kind\n",
            table(["begins with", "then"], families),
            "## Service levels\n",
            table(["`serviceLevels`", "holds if"], levels),
        ]
    )


# --- Python --------------------------------------------------------------------------------

_ERRORS: Final = (UnknownNode, NodesNotReady, Broken)


def python() -> str:
    """Classes and functions for embedders, with their docstrings."""
    parts = ["# Python\n", "## Clusters\n"]
    parts += [_class(orchestrator.Cluster), _class(HostedCluster), _class(ServedCluster)]
    parts += [_class(SimulatedCluster)]
    parts += [_function(f) for f in (orchestrator.serving, orchestrator.simulating)]
    parts += [_class(NodeSpec, members=False), _class(Profile, members=False)]
    parts += [_class(error, members=False) for error in _ERRORS]
    parts += ["## Tests\n"]
    parts += [_function(f) for f in (cluster_fixture, served_cluster_fixture)]
    parts += [_function(f) for f in (orchestrator.explore, orchestrator.replay)]
    parts += [_function(orchestrator.to_yaml)]
    parts += ["## The client\n", _class(client.Client)]
    parts += ["## Faults\n", _class(ApiFault, members=False)]
    parts += [_class(f, members=False) for f in (actors.FaultPlan, actors.MessageFault)]
    parts += [_class(f, members=False) for f in (actors.Partition, actors.Crash, actors.Pause)]
    parts += [
        "## Errors of the API\n",
        table(["`orchestrator.protocol`", "is"], list(_api_errors())),
    ]
    parts += [
        "## Actors\n",
        _function(actors.run),
        _class(actors.ActorSystem),
        _class(actors.Actor),
    ]
    parts += [_class(actors.Context), _class(actors.Ref), _class(actors.Restart, members=False)]
    return "\n".join(parts)


def _api_errors() -> Iterator[list[str]]:
    for name, value in sorted(vars(protocol).items()):
        if inspect.isclass(value) and issubclass(value, protocol.ApiError):
            yield [f"`{name}`", _prose(value.__doc__ or "")]


def _class(kind: type[Any], *, members: bool = True) -> str:
    parts = [
        f"### {kind.__name__}\n",
        _signature(kind, kind.__name__),
        _prose(kind.__doc__ or "") + "\n",
    ]
    if members:
        for name, member in vars(kind).items():
            if not name.startswith("_"):
                parts += _member(name, member)
    return "\n".join(parts)


def _member(name: str, member: Any) -> Iterator[str]:
    if isinstance(member, property):
        yield f"#### {name}\n"
        yield _prose(member.__doc__ or "") + "\n"
    elif inspect.isfunction(member):
        yield f"#### {name}\n"
        yield _signature(member, name)
        yield _prose(member.__doc__ or "") + "\n"


def _function(function: Callable[..., Any]) -> str:
    name = function.__name__
    return "\n".join(
        [f"### {name}\n", _signature(function, name), _prose(function.__doc__ or "") + "\n"]
    )


def _signature(what: Any, name: str) -> str:
    """The parameters and their defaults; types are in the code, for editors."""
    try:
        signature = inspect.signature(what)
    except ValueError:
        return ""
    kept = [
        p.replace(annotation=inspect.Parameter.empty, default=_Shown(p.default))
        if p.default is not inspect.Parameter.empty
        else p.replace(annotation=inspect.Parameter.empty)
        for p in signature.parameters.values()
        if p.name != "self"
    ]
    shown = signature.replace(parameters=kept, return_annotation=inspect.Signature.empty)
    prefix = "await " if inspect.iscoroutinefunction(what) else ""
    return f"```text\n{prefix}{name}{shown}\n```\n"


class _Shown:
    """A default as one would write it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        text = repr(self._value)
        return text if len(text) <= 30 and not re.search(r"object at|<", text) else "..."


def _prose(docstring: str) -> str:
    """A docstring as Markdown: it is, but for angle brackets and links to nowhere."""
    return inspect.cleandoc(docstring).replace("<", "&lt;").replace("](", "] (")


# --- kinds and metrics ---------------------------------------------------------------------

# Who acts on a kind beside the controllers; a kind that is in neither is only stored and served.
COMPONENTS: Final[Mapping[str, str]] = {
    "Pod": "scheduler, kubelet (simulated runtime)",
    "Node": "kubelet, scheduler",
    "Service": "API server (addresses, ports), proxy (a table; no packet is sent)",
    "EndpointSlice": "proxy",
    "Namespace": "admission (nothing is created in one that ends)",
    "ServiceAccount": "admission (pods get theirs)",
    "LimitRange": "admission",
    "ResourceQuota": "admission",
    "PriorityClass": "admission, scheduler",
    "PodDisruptionBudget": "evictions, scheduler",
    "PersistentVolume": "scheduler (simulated: nothing is mounted)",
    "PersistentVolumeClaim": "scheduler (simulated: nothing is mounted)",
    "StorageClass": "admission (the default one), scheduler",
    "IngressClass": "admission (the default one)",
    "RuntimeClass": "admission (pods get its overhead and scheduling)",
    "CSINode": "scheduler (limits of volumes)",
    "VolumeAttachment": "scheduler (limits of volumes)",
    "CustomResourceDefinition": "API server (the kinds that it defines are served)",
    "ValidatingAdmissionPolicy": "admission (its rules are asked)",
    "ValidatingAdmissionPolicyBinding": "admission (says where)",
    "MutatingAdmissionPolicy": "admission (its changes are made)",
    "MutatingAdmissionPolicyBinding": "admission (says where)",
    "MutatingWebhookConfiguration": "admission (its webhooks are called)",
    "ValidatingWebhookConfiguration": "admission (its webhooks are called)",
    "FlowSchema": "API server (requests by HTTPS queue by them)",
    "PriorityLevelConfiguration": "API server (seats for requests by HTTPS)",
    "Lease": "kubelet (heartbeats)",
    "APIService": "API server (its group is forwarded to the service behind it)",
    "ComponentStatus": "API server (answered, not stored)",
    "CSIDriver": "controllers and kubelet (whether volumes are attached), scheduler (capacity)",
    "CSIStorageCapacity": "scheduler",
    "ClusterRoleBinding": "API server (who may do what)",
    "DeviceClass": "scheduler",
    "IPAddress": "API server (written for the addresses of Services)",
    "NetworkPolicy": "proxy (with `--proxy-mode nftables`)",
    "Role": "API server (who may do what)",
    "RoleBinding": "API server (who may do what)",
    "Event": "components (written)",
    "ConfigMap": "kubelet (a pod that names one waits for it)",
    "Secret": "kubelet (a pod that names one waits for it)",
    "Binding": "API server (binds a pod, not stored)",
    "ControllerRevision": "`statefulset`, `daemonset` (their history)",
    "Endpoints": "`endpoint` (written)",
    "SelfSubjectReview": "API server (answered, not stored)",
    "TokenReview": "API server (answered, not stored)",
    "SubjectAccessReview": "API server (answered, not stored)",
    "SelfSubjectAccessReview": "API server (answered, not stored)",
    "LocalSubjectAccessReview": "API server (answered, not stored)",
    "SelfSubjectRulesReview": "API server (answered, not stored)",
}


def kinds() -> str:
    """Every built-in kind, and who acts on it."""
    actors_of: dict[str, list[str]] = {}
    for controller in CONTROLLERS:
        for kind in (controller.kind, *controller.owns):
            name = kind.kind if isinstance(kind, Resource) else kind.__name__
            names = actors_of.setdefault(name, [])
            if controller.name not in names:
                names.append(controller.name)
    acted, stored = [], []
    for resource in sorted(Scheme.builtin().resources(), key=lambda r: (r.group, r.kind)):
        api = f"{resource.group}/{resource.version}".lstrip("/")
        controllers = ", ".join(f"`{name}`" for name in actors_of.get(resource.kind, ()))
        beside = COMPONENTS.get(resource.kind, "")
        if controllers or beside:
            acted.append([resource.kind, api, controllers, beside])
        else:
            stored.append(f"{resource.kind} ({api})")
    return "\n".join(
        [
            "# Kinds\n",
            "Every kind below is served: stored, validated, listed, watched, patched, applied. What acts on it:\n",
            table(["kind", "API", "controllers", "beside"], acted),
            "## Only stored\n",
            "Nothing acts on these:\n",
            ", ".join(stored) + ".\n",
            "## Fields that are only stored\n",
            "Nothing acts on these fields of other kinds, either. `kubectl` and Helm are told so, in a warning, when they "
            "write one.\n",
            table(["of", "field", "so"], list(_stored_fields())),
        ]
    )


def _stored_fields() -> Iterator[list[str]]:
    for owner, fields in sorted(STORED_ONLY.items(), key=lambda each: each[0].__name__):
        wire = {each.name: each.encode_name for each in msgspec.structs.fields(owner)}
        by_reason: dict[str, list[str]] = {}
        for name, reason in fields.items():
            by_reason.setdefault(reason, []).append(f"`{wire[name]}`")
        for reason, names in by_reason.items():
            yield [owner.__name__, ", ".join(names), reason]


def metrics() -> str:
    """What `/metrics` shows."""
    families = tuple(served())
    rows = sorted([f"`{each.name}`", each.kind, each.text] for each in families)
    here = {each.name for each in families}
    missing = [[f"`{name}`", why] for name, why in sorted(absent().items()) if name not in here]
    return "\n".join(
        [
            "# Metrics\n",
            "A served cluster shows them at `/metrics`, in Prometheus' text form, with Kubernetes' names and labels. "
            "What a benchmark measures are "
            "[measures](measures.md).\n",
            table(["metric", "type", "what it is"], rows),
            "Admission is counted for requests by HTTPS: what the cluster's own components write in the process is not. "
            "Names, types and labels are compared with Kubernetes' list in a test.\n",
            "## Not there\n",
            "Kubernetes has these, too. What tells of Go, gRPC, etcd and its own clients is left out here.\n",
            table(["metric", "why"], missing),
        ]
    )


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "command-line.md": command_line,
    "scenario-language.md": language,
    "measures.md": measures,
    "python.md": python,
    "kinds.md": kinds,
    "metrics.md": metrics,
}


def on_files(files: Any, config: Any) -> Any:
    """MkDocs' hook: the pages join those of the folder."""
    from mkdocs.structure.files import File  # late: tests look at the pages without it

    for name, make in PAGES.items():
        files.append(File.generated(config, f"reference/{name}", content=make()))
    return files
