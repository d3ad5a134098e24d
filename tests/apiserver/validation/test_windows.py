"""Windows' options of pods, and profiles in annotations."""

from typing import Any

import pytest

from orchestrator.api.core.v1 import Pod
from tests.apiserver.validation.support import edit, faults

POD: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"containers": [{"name": "web", "image": "nginx"}]},
}
POD_OPTIONS = "spec.securityContext.windowsOptions"
OPTIONS = "spec.containers.0.securityContext.windowsOptions"
ACCOUNT = "spec.containers[0].securityContext.windowsOptions.runAsUserName"


@pytest.mark.parametrize(
    ("account", "complaint"),
    [
        ("ContainerAdministrator", None),
        ("NT AUTHORITY\\SYSTEM", None),
        ("", "runAsUserName cannot be an empty string"),
        ("a\tb", "runAsUserName cannot contain control characters"),
        ("a\\b\\c", "runAsUserName cannot contain more than one backslash"),
        ("a|b\\c", "runAsUserName's Domain doesn't match the NetBios nor the DNS format"),
        ("a\\", "runAsUserName's User cannot be empty"),
        ("a" * 105, "runAsUserName's User length must not be longer than 104 characters"),
        (". .", "runAsUserName's User cannot contain only periods or spaces"),
        (
            "a@b",
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]",
        ),
    ],
)
def test_accounts(account: str, complaint: str | None) -> None:
    """An account is a user's name, maybe after a domain's."""
    found = faults(Pod, edit(POD, {f"{OPTIONS}.runAsUserName": account}))
    value = account.replace("\\", "\\\\").replace("\t", "\\t")
    lines = [] if complaint is None else [f'{ACCOUNT}: Invalid value: "{value}": {complaint}']
    assert found == lines


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({f"{POD_OPTIONS}.hostProcess": True, "spec.hostNetwork": True}, []),
        (
            {f"{POD_OPTIONS}.hostProcess": True},
            [
                "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains "
                "any hostProcess containers"
            ],
        ),
        (
            {
                f"{POD_OPTIONS}.hostProcess": True,
                f"{OPTIONS}.hostProcess": False,
            },
            [
                "spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: "
                "false: pod hostProcess value must be identical if both are specified, was true"
            ],
        ),
        (
            {
                f"{OPTIONS}.hostProcess": True,
                "spec.containers.1": {"name": "other", "image": "nginx"},
                "spec.hostNetwork": True,
            },
            [
                'spec: Invalid value: "": If pod contains any hostProcess containers then all '
                "containers must be HostProcess containers"
            ],
        ),
    ],
)
def test_host_processes(changes: dict[str, Any], expected: list[str]) -> None:
    """All containers are processes of the host, on its network, or none is."""
    assert faults(Pod, edit(POD, changes)) == expected


@pytest.mark.parametrize(
    ("key", "profile", "expected"),
    [
        ("container.apparmor.security.beta.kubernetes.io/web", "localhost/own", []),
        (
            "container.apparmor.security.beta.kubernetes.io/web",
            "odd",
            ['[{key}]: Invalid value: "odd": invalid AppArmor profile name: "odd"'],
        ),
        (
            "container.apparmor.security.beta.kubernetes.io/other",
            "unconfined",
            ['[{key}]: Invalid value: "other": container not found'],
        ),
        ("seccomp.security.alpha.kubernetes.io/pod", "runtime/default", []),
        (
            "seccomp.security.alpha.kubernetes.io/pod",
            "odd",
            ['.{key}: Invalid value: "odd": must be a valid seccomp profile'],
        ),
        (
            "container.seccomp.security.alpha.kubernetes.io/web",
            "localhost//own",
            ['.{key}: Invalid value: "/own": must be a relative path'],
        ),
    ],
)
def test_profiles_in_annotations(key: str, profile: str, expected: list[str]) -> None:
    """Annotations that once were the only place for profiles are still read."""
    pod = edit(POD, {"metadata.annotations": {key: profile}})
    lines = [f"metadata.annotations{line.replace('{key}', key)}" for line in expected]
    assert faults(Pod, pod) == lines
