"""Pods that show each rule of the Pod Security standards, good and bad, judged in every version.

The tables below are the standards' text, not the checks' code: what each control forbids, since which
version of Kubernetes, and until when. Each fault is put at every place in a pod where it can stand.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from orchestrator.api.codec import from_dict
from orchestrator.api.core.v1 import Namespace, Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.admission.pod_security.checks import violations
from orchestrator.apiserver.admission.pod_security.policies import Level
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.defaulting import apply_defaults
from orchestrator.protocol import Forbidden
from tests.apiserver.admission.record_pod_security import RECORD
from tests.apiserver.harness import Api, refused

_NEWEST = 36
_EVER = _NEWEST + 1
_PLACES = ("containers", "initContainers", "ephemeralContainers")
_HARD_CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_HARD_POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}

Spec = dict[str, Any]


class Control(NamedTuple):
    """A rule of the standards: the versions `since` <= minor < `until` in which it stands for its level.

    `container`, `context`: fields of a container or of its security context, `pod_context` of a pod's,
    `pod` of its spec, each a value that breaks the rule; `annotations` of its metadata.
    """

    reason: str
    level: str = "baseline"
    since: int = 0
    until: int = _EVER
    container: tuple[Spec, ...] = ()
    context: tuple[Spec, ...] = ()
    pod_context: tuple[Spec, ...] = ()
    pod: tuple[Spec, ...] = ()
    annotations: tuple[Mapping[str, str], ...] = ()


def _of_both(reason: str, *values: Spec, **when: Any) -> Control:
    """What a pod may say no more than its containers may."""
    return Control(reason, context=values, pod_context=values, **when)


def _sysctl(name: str) -> Spec:
    return {"sysctls": [{"name": name, "value": "1"}]}


def _volume(kind: str, **value: Any) -> Spec:
    return {"volumes": [{"name": "v", kind: value}]}


_HOSTS = [
    {"httpGet": {"host": "10.0.0.1", "port": 80}},
    {"tcpSocket": {"host": "10.0.0.1", "port": 80}},
]
_CONTROLS = (
    _of_both("hostProcess", {"windowsOptions": {"hostProcess": True}}),
    Control("host namespaces", pod=({"hostNetwork": True}, {"hostPID": True}, {"hostIPC": True})),
    Control("privileged", context=({"privileged": True},)),
    Control(
        "apabilities",
        context=tuple(
            {"capabilities": {"add": [each]}} for each in ("NET_RAW", "SYS_ADMIN", "ALL")
        ),
    ),
    Control("volume", pod=(_volume("hostPath", path="/etc"),)),
    Control("hostPort", container=({"ports": [{"containerPort": 80, "hostPort": 80}]},)),
    Control(
        "probe or lifecycle host",
        since=34,
        container=(
            *(
                {f"{each}Probe": host}
                for each in ("liveness", "readiness", "startup")
                for host in _HOSTS
            ),
            *({"lifecycle": {each: host}} for each in ("postStart", "preStop") for host in _HOSTS),
        ),
    ),
    _of_both("AppArmor", {"appArmorProfile": {"type": "Unconfined"}}),
    Control(
        "AppArmor",
        annotations=({"container.apparmor.security.beta.kubernetes.io/c": "unconfined"},),
    ),
    _of_both(
        "seLinuxOptions",
        *({"seLinuxOptions": {"type": each}} for each in ("spc_t", "unconfined_t")),
        *({"seLinuxOptions": {each: "u"}} for each in ("user", "role")),
    ),
    _of_both("seLinuxOptions", {"seLinuxOptions": {"type": "container_engine_t"}}, until=31),
    Control("procMount", context=({"procMount": "Unmasked"},)),
    Control(
        "seccompProfile",
        until=19,
        annotations=(
            {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"},
            {"container.seccomp.security.alpha.kubernetes.io/c": "unconfined"},
        ),
    ),
    _of_both("seccompProfile", {"seccompProfile": {"type": "Unconfined"}}, since=19),
    Control("sysctls", pod_context=(_sysctl("kernel.msgmax"), _sysctl("net.core.somaxconn"))),
    Control("sysctls", until=27, pod_context=(_sysctl("net.ipv4.ip_local_reserved_ports"),)),
    Control(
        "sysctls",
        until=29,
        pod_context=tuple(
            _sysctl(f"net.ipv4.tcp_{each}")
            for each in ("keepalive_time", "fin_timeout", "keepalive_intvl", "keepalive_probes")
        ),
    ),
    Control(
        "sysctls",
        until=32,
        pod_context=(_sysctl("net.ipv4.tcp_rmem"), _sysctl("net.ipv4.tcp_wmem")),
    ),
    Control(
        "restricted volume types",
        "restricted",
        pod=(
            _volume("nfs", server="s", path="/"),
            _volume("iscsi", targetPortal="t", iqn="i", lun=0),
            _volume("gitRepo", repository="r"),
            _volume("awsElasticBlockStore", volumeID="v"),
            _volume("flexVolume", driver="d"),
        ),
    ),
    Control(
        "allowPrivilegeEscalation",
        "restricted",
        since=8,
        context=({"allowPrivilegeEscalation": True}, {"allowPrivilegeEscalation": None}),
    ),
    Control(
        "runAsNonRoot",
        "restricted",
        context=({"runAsNonRoot": False},),
        pod_context=({"runAsNonRoot": False}, {"runAsNonRoot": None}),
    ),
    _of_both("runAsUser=0", {"runAsUser": 0}, level="restricted", since=23),
    Control(
        "seccompProfile",
        "restricted",
        since=19,
        context=({"seccompProfile": {"type": "Unconfined"}},),
        pod_context=({"seccompProfile": {"type": "Unconfined"}}, {"seccompProfile": None}),
    ),
    Control(
        "unrestricted capabilities",
        "restricted",
        since=22,
        context=(
            {"capabilities": None},
            {"capabilities": {"drop": ["NET_RAW"]}},
            {"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}},
        ),
    ),
)
# What the standards let everybody do, whatever the version.
_GOOD: tuple[tuple[str, Spec], ...] = (
    ("context", {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}),
    ("context", {"procMount": "Default"}),
    ("context", {"privileged": False}),
    ("context", {"seLinuxOptions": {"level": "s0:c1"}}),
    ("context", {"seLinuxOptions": {"type": "container_init_t"}}),
    ("context", {"seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"}}),
    ("context", {"appArmorProfile": {"type": "RuntimeDefault"}}),
    ("context", {"runAsUser": 1000}),
    ("pod_context", {"windowsOptions": {"hostProcess": False}}),
    ("pod_context", _sysctl("kernel.shm_rmid_forced")),
    ("pod_context", _sysctl("net.ipv4.ip_unprivileged_port_start")),
    ("container", {"livenessProbe": {"httpGet": {"port": 80}}}),
    ("container", {"ports": [{"containerPort": 80}]}),
    ("pod", _volume("emptyDir")),
    ("pod", _volume("configMap", name="c")),
    ("pod", _volume("secret", secretName="s")),
    ("pod", _volume("persistentVolumeClaim", claimName="c")),
    ("pod", _volume("csi", driver="d")),
    ("pod", _volume("image", reference="i")),
)


def _pods(place: str, value: Spec) -> Iterator[Spec]:
    """Otherwise hardened pods with the value at each spot of this sort."""
    if place in ("pod", "pod_context"):
        spec: Spec = {"securityContext": dict(_HARD_POD), "containers": [_container("c")]}
        if place == "pod":
            spec |= value
        else:
            spec["securityContext"] |= value
        yield {"metadata": {"name": "p"}, "spec": spec}
        return
    for spot in _PLACES:
        spec = {"securityContext": _HARD_POD, "containers": [_container("c")]}
        changed = _container("c" if spot == "containers" else "other")
        if place == "container":
            changed |= value
        else:
            changed["securityContext"] |= value
        yield {"metadata": {"name": "p"}, "spec": {**spec, spot: [changed]}}


def _container(name: str) -> Spec:
    return {"name": name, "image": "i", "securityContext": dict(_HARD_CONTAINER)}


def _examples(control: Control) -> list[Spec]:
    found = [
        pod
        for place in ("container", "context", "pod_context", "pod")
        for value in getattr(control, place)
        for pod in _pods(place, value)
    ]
    for annotations in control.annotations:
        for pod in _pods("pod", {}):
            pod["metadata"]["annotations"] = annotations
            found.append(pod)
    return found


def _told(level: str, minor: int, document: Spec) -> list[str]:
    made = from_dict(document, Pod)
    assert made.spec is not None
    return [each.reason for each in violations(Level(level, minor), made.metadata, made.spec)]


@pytest.mark.parametrize(
    "control", _CONTROLS, ids=lambda each: f"{each.level}-{each.reason}-{each.since}-{each.until}"
)
def test_a_fault_is_found_wherever_it_stands_and_in_its_versions_alone(control: Control) -> None:
    """By its level and the stricter one; the level below does not mind."""
    for document in _examples(control):
        for minor in range(_EVER):
            stands = control.since <= minor < control.until
            strict = _told("restricted", minor, document)
            assert any(control.reason in each for each in strict) is stands, (minor, document)
            mild = _told("baseline", minor, document)
            if control.level == "baseline":
                assert any(control.reason in each for each in mild) is stands, (minor, document)
            assert _told("privileged", minor, document) == []


@pytest.mark.parametrize(("place", "value"), _GOOD)
def test_what_the_standards_allow_is_allowed(place: str, value: Spec) -> None:
    """By both levels, in each version, at every place."""
    for document in _pods(place, value):
        for minor in range(_EVER):
            assert _told("restricted", minor, document) == []
            assert _told("baseline", minor, document) == []


async def test_the_server_judges_as_the_checks_do() -> None:
    """Pods as they come from clients: a volume without a kind, the version of a label."""
    prefix = "pod-security.kubernetes.io/enforce"
    made: Spec = {
        "metadata": {"name": "p"},
        "spec": {
            "securityContext": _HARD_POD,
            "containers": [_container("c")],
            "volumes": [{"name": "v"}],
        },
    }
    async with Api() as api:
        labels = {prefix: "restricted", f"{prefix}-version": "v1.25"}
        await api.update(Namespace(metadata=ObjectMeta(name="default", labels=labels)))
        await api.create(from_dict(made, Pod), dry_run=True)
        made["spec"]["containers"][0]["securityContext"] = {}
        error = await refused(Forbidden, api.create(from_dict(made, Pod), dry_run=True))
    assert 'violates PodSecurity "restricted:v1.25": allowPrivilegeEscalation' in str(error)


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_kubernetes_own_examples_are_judged_as_documented(level: str) -> None:
    """All of its fixtures, in each version for which it has them (see `record_pod_security`)."""
    judged = 0
    kind = kind_of(resource_of(Pod))
    for document, facts in json.loads(gzip.decompress(RECORD.read_bytes())):
        pod = apply_defaults(kind, from_dict(document, Pod))
        for verdict in ("pass", "fail"):
            for minor in facts.get(f"{level} {verdict}", ()):
                found = violations(Level(level, minor), pod.metadata, pod.spec or PodSpec())
                assert bool(found) is (verdict == "fail"), (minor, document)
                judged += 1
    assert judged > 1_000
