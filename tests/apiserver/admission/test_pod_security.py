"""Pod Security: what each level allows, in which version, and what is said of the rest."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.codec import from_dict
from orchestrator.api.core.v1 import Namespace, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.admission import DEFAULT_CHAIN
from orchestrator.apiserver.admission.pod_security import Exemptions, PodSecurity, Policy
from orchestrator.apiserver.admission.pod_security.checks import in_detail, violations
from orchestrator.apiserver.admission.pod_security.policies import LATEST, Level, policy_of
from orchestrator.protocol import ADMIN, Forbidden, Invalid
from tests.apiserver.harness import Api, pod, refused

PREFIX = "pod-security.kubernetes.io/"
GOOD_CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
GOOD_POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def judged(
    level: str, spec: dict[str, Any], *, minor: int = LATEST, annotations: Any = None
) -> str:
    """What a level says of a pod."""
    document = {"metadata": {"name": "p", "annotations": annotations or {}}, "spec": spec}
    made = from_dict(document, Pod)
    assert made.spec is not None
    return in_detail(violations(Level(level, minor), made.metadata, made.spec))


def one(**context: Any) -> dict[str, Any]:
    """A pod of one container with such a security context."""
    return {"containers": [{"name": "c", "securityContext": context}]}


def of_pod(**context: Any) -> dict[str, Any]:
    """A pod with such a security context, and a container."""
    return {"securityContext": context, "containers": [{"name": "c"}]}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            of_pod(appArmorProfile={"type": "Unconfined"}),
            'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
        ),
        (
            one(capabilities={"add": ["SYS_TIME", "CHOWN", "NET_RAW"]}),
            'non-default capabilities (container "c" must not include "NET_RAW", "SYS_TIME" '
            "in securityContext.capabilities.add)",
        ),
        (
            {"hostNetwork": True, "hostIPC": True},
            "host namespaces (hostNetwork=true, hostIPC=true)",
        ),
        (
            {"volumes": [{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "hostPath": {}}]},
            'hostPath volumes (volumes "a", "b")',
        ),
        (
            {"containers": [{"name": "c", "ports": [{"hostPort": 80}, {"hostPort": 443}]}]},
            'hostPort (container "c" uses hostPorts 443, 80)',
        ),
        (
            {
                "containers": [{"name": "b", "livenessProbe": {"httpGet": {"host": "h"}}}],
                "initContainers": [
                    {"name": "a", "lifecycle": {"preStop": {"tcpSocket": {"host": "g"}}}}
                ],
            },
            'probe or lifecycle host (containers "a", "b" use probe or lifecycle hosts "g", "h")',
        ),
        (
            one(privileged=True),
            'privileged (container "c" must not set securityContext.privileged=true)',
        ),
        (
            one(procMount="Unmasked"),
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
        ),
        ({**one(procMount="Unmasked"), "hostUsers": False}, ""),
        (
            {**of_pod(seLinuxOptions={"type": "x", "user": "u"})},
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: "
            'type "x"; user may not be set)',
        ),
        (
            {
                "securityContext": {"seccompProfile": {"type": "Unconfined"}},
                "ephemeralContainers": [
                    {"name": "e", "securityContext": {"seccompProfile": {"type": "Odd"}}}
                ],
            },
            'seccompProfile (pod and container "e" must not set '
            'securityContext.seccompProfile.type to "Odd", "Unconfined")',
        ),
        (of_pod(sysctls=[{"name": "a", "value": "1"}]), "forbidden sysctls (a)"),
        (
            of_pod(windowsOptions={"hostProcess": True}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
        ({"containers": [{"name": "c"}]}, ""),
    ],
)
def test_baseline(spec: dict[str, Any], words: str) -> None:
    """What leads out of a container is refused, and who asks for it is named."""
    assert judged("baseline", spec) == words
    assert judged("privileged", spec) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        (
            {"containers": [{"name": "c", "securityContext": {"capabilities": {"drop": ["ALL"]}}}]},
            'allowPrivilegeEscalation != false (container "c" must set '
            "securityContext.allowPrivilegeEscalation=false)",
        ),
        (
            one(allowPrivilegeEscalation=False, capabilities={"add": ["CHOWN"]}),
            'unrestricted capabilities (container "c" must set '
            'securityContext.capabilities.drop=["ALL"]; container "c" must not include "CHOWN" '
            "in securityContext.capabilities.add)",
        ),
        (
            {"volumes": [{"name": "a", "nfs": {}}, {"name": "b", "secret": {}}]},
            'restricted volume types (volume "a" uses restricted volume type "nfs")',
        ),
        (
            {"securityContext": {**GOOD_POD, "runAsNonRoot": False}},
            "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
        ),
        (
            {"securityContext": {**GOOD_POD, "runAsUser": 0}},
            "runAsUser=0 (pod must not set runAsUser=0)",
        ),
        ({"securityContext": {**GOOD_POD, "runAsUser": 0}, "hostUsers": False}, ""),
        (
            {"securityContext": {"runAsNonRoot": True}},
            'seccompProfile (pod or container "c" must set '
            'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
        ),
        ({"hostPID": True}, "host namespaces (hostPID=true)"),
    ],
)
def test_restricted(changes: dict[str, Any], words: str) -> None:
    """A pod must ask for what hardens it, beside all that the level baseline asks."""
    spec = {"securityContext": GOOD_POD, **one(**GOOD_CONTAINER), **changes}
    assert judged("restricted", spec) == words


@pytest.mark.parametrize(
    ("level", "minor", "refused"),
    [
        ("restricted", 7, False),
        ("restricted", 8, True),
        ("restricted", 24, True),
        ("restricted", 25, False),
        ("baseline", 8, False),
    ],
)
def test_a_check_stands_from_its_version_on(level: str, minor: int, refused: bool) -> None:
    """And Windows is not asked any more, from a version on, for what it cannot set."""
    spec = {
        "os": {"name": "windows"},
        "securityContext": {"runAsNonRoot": True},
        "containers": [{"name": "c"}],
    }
    assert ("allowPrivilegeEscalation" in judged(level, spec, minor=minor)) is refused


def test_annotations_count_where_fields_did_not_exist() -> None:
    """Of seccomp until 1.18; of AppArmor still."""
    seccomp = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    assert judged("baseline", {}, minor=18, annotations=seccomp) == (
        "seccompProfile (forbidden annotation "
        'seccomp.security.alpha.kubernetes.io/pod="unconfined")'
    )
    assert judged("baseline", {}, minor=19, annotations=seccomp) == ""
    armor = {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}
    assert judged("baseline", {}, annotations=armor).startswith(
        "forbidden AppArmor profile (annotation must not set AppArmor profile type to"
    )


# --- labels --------------------------------------------------------------------------------


def test_labels_make_a_policy() -> None:
    """Warnings follow what is enforced unless they are said; what is no level fails safe."""
    labels = {f"{PREFIX}enforce": "baseline", f"{PREFIX}enforce-version": "v1.30"}
    policy, faults = policy_of(labels, Policy())
    assert (str(policy.enforce), str(policy.audit), str(policy.warn)) == (
        "baseline:v1.30",
        "privileged:latest",
        "baseline:v1.30",
    )
    assert not faults
    odd = {f"{PREFIX}enforce": "odd", f"{PREFIX}warn": "odd", f"{PREFIX}audit-version": "v1.01"}
    policy, faults = policy_of(odd, Policy())
    assert (policy.enforce.name, policy.warn.name) == ("restricted", "privileged")
    assert [str(fault) for fault in faults] == [
        f'metadata.labels[{PREFIX}enforce]: Invalid value: "odd": '
        "must be one of privileged, baseline, restricted",
        f'metadata.labels[{PREFIX}audit-version]: Invalid value: "v1.01": '
        'must be "latest" or "v1.x"',
        f'metadata.labels[{PREFIX}warn]: Invalid value: "odd": '
        "must be one of privileged, baseline, restricted",
    ]


# --- the plugin ----------------------------------------------------------------------------


async def labelled(api: Api, **modes: str) -> None:
    """The default namespace with labels."""
    found = await api.get(Namespace, "default")
    labels = {PREFIX + mode.replace("_", "-"): value for mode, value in modes.items()}
    await api.update(replace(found, metadata=replace(found.metadata, labels=labels)))


def bad(name: str) -> Pod:
    """A pod on its node's network."""
    made = pod(name)
    assert made.spec is not None
    return replace(made, spec=replace(made.spec, host_network=True))


async def test_a_namespace_refuses_and_stops_refusing() -> None:
    """As its labels say at the moment, in the original's words."""
    async with Api() as api:
        await api.create(bad("before"))
        await labelled(api, enforce="baseline")
        error = await refused(Forbidden, api.create(bad("p")))
        assert str(error) == (
            'pods "p" is forbidden: violates PodSecurity "baseline:latest": '
            "host namespaces (hostNetwork=true)"
        )
        await api.create(pod("fine"))
        await labelled(api)
        await api.create(bad("p"))


async def test_warnings_are_told_of_pods_and_of_workloads() -> None:
    """The pods of a workload are refused later; its author hears of it at once."""
    told: list[str] = []
    deployment = from_dict(
        {
            "metadata": {"name": "d", "namespace": "default"},
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"hostPID": True, "containers": [{"name": "c", "image": "i"}]},
                },
            },
        },
        Deployment,
    )
    async with Api() as api:
        await labelled(api, warn="baseline")
        await api.create(bad("p"), warn=told.append)
        await labelled(api, enforce="baseline")
        await api.create(deployment, warn=told.append)
    assert told == [
        'would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
        'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    ]


async def test_a_stricter_namespace_warns_of_the_pods_that_it_has() -> None:
    """Each fault once, with how many pods have it."""
    told: list[str] = []
    async with Api() as api:
        for name in ("b", "a", "c"):
            await api.create(bad(name))
        patch = {"metadata": {"labels": {f"{PREFIX}enforce": "baseline"}}}
        await api.patch(Namespace, "default", patch, warn=told.append)
        again = {"metadata": {"labels": {"x": "y"}}}
        await api.patch(Namespace, "default", again, warn=told.append)
    assert told == [
        'existing pods in namespace "default" violate the new PodSecurity enforce level '
        '"baseline:latest"',
        "a (and 2 other pods): host namespaces",
    ]


async def test_labels_must_be_levels_when_they_change() -> None:
    """A new namespace is refused, too."""
    async with Api() as api:
        made = Namespace(metadata=ObjectMeta(name="n", labels={f"{PREFIX}warn-version": "1.2"}))
        error = await refused(Invalid, api.create(made))
        assert [each.field for each in error.causes] == [f"metadata.labels[{PREFIX}warn-version]"]


@pytest.mark.parametrize(
    "exemptions",
    [
        Exemptions(namespaces=("default",)),
        Exemptions(usernames=(ADMIN.name,)),
        Exemptions(runtime_classes=("safe",)),
    ],
)
async def test_the_exempt_are_not_judged(exemptions: Exemptions) -> None:
    """By namespace, user or runtime class; a policy for all holds for the others."""
    plugin = PodSecurity(Policy(enforce=Level("baseline")), exemptions)
    others = [each for each in DEFAULT_CHAIN if each.name not in ("PodSecurity", "RuntimeClass")]
    made = bad("p")
    assert made.spec is not None
    made = replace(made, spec=replace(made.spec, runtime_class_name="safe"))
    async with Api(admission=(plugin, *others)) as api:
        await api.create(made)
    async with Api(admission=(PodSecurity(Policy(enforce=Level("baseline"))), *others)) as api:
        await refused(Forbidden, api.create(made))
