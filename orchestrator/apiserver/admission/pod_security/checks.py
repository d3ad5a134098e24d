"""Which checks stand for a level in a version of Kubernetes: a row a check and a version."""

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from orchestrator.api.core.v1 import PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.admission.pod_security import baseline, restricted
from orchestrator.apiserver.admission.pod_security.baseline import relaxed
from orchestrator.apiserver.admission.pod_security.checking import Check, Violation
from orchestrator.apiserver.admission.pod_security.policies import BASELINE, PRIVILEGED, Level
from orchestrator.apiserver.admission.pod_security.restricted import not_of_windows


class _Row(NamedTuple):
    """A check from a minor version on; `instead`: the baseline check that it makes needless."""

    minor: int
    check: Check
    instead: str = ""


_Rows = dict[str, tuple[_Row, ...]]

# In the order in which Kubernetes tells of violations: that of the checks' names.
_BASELINE: Final[_Rows] = {
    "appArmorProfile": (_Row(0, baseline.app_armor_profile),),
    "capabilities_baseline": (_Row(0, baseline.capabilities),),
    "hostNamespaces": (_Row(0, baseline.host_namespaces),),
    "hostPathVolumes": (_Row(0, baseline.host_path_volumes),),
    "hostPorts": (_Row(0, baseline.host_ports),),
    "hostProbesAndHostLifecycle": (_Row(34, baseline.host_probes),),
    "privileged": (_Row(0, baseline.privileged),),
    "procMount": (_Row(0, baseline.proc_mount), _Row(35, relaxed(baseline.proc_mount))),
    "seLinuxOptions": (_Row(0, baseline.se_linux_options), _Row(31, baseline.se_linux_options_31)),
    "seccompProfile_baseline": (
        _Row(0, baseline.seccomp_annotations),
        _Row(19, baseline.seccomp_profile),
    ),
    "sysctls": (
        _Row(0, baseline.sysctls),
        _Row(27, baseline.sysctls_27),
        _Row(29, baseline.sysctls_29),
        _Row(32, baseline.sysctls_32),
    ),
    "windowsHostProcess": (_Row(0, baseline.windows_host_process),),
}
_RESTRICTED: Final[_Rows] = {
    "allowPrivilegeEscalation": (
        _Row(8, restricted.allow_privilege_escalation),
        _Row(25, not_of_windows(restricted.allow_privilege_escalation)),
    ),
    "capabilities_restricted": (
        _Row(22, restricted.capabilities, "capabilities_baseline"),
        _Row(25, not_of_windows(restricted.capabilities), "capabilities_baseline"),
    ),
    "procMount_restricted": (_Row(35, baseline.proc_mount, "procMount"),),
    "restrictedVolumes": (_Row(0, restricted.restricted_volumes, "hostPathVolumes"),),
    "runAsNonRoot": (
        _Row(0, restricted.run_as_non_root),
        _Row(35, relaxed(restricted.run_as_non_root)),
    ),
    "runAsUser": (_Row(23, restricted.run_as_user), _Row(35, relaxed(restricted.run_as_user))),
    "seccompProfile_restricted": (
        _Row(19, restricted.seccomp_profile_set, "seccompProfile_baseline"),
        _Row(25, not_of_windows(restricted.seccomp_profile_set), "seccompProfile_baseline"),
    ),
}


def violations(level: Level, metadata: ObjectMeta, spec: PodSpec) -> list[Violation]:
    """What the level does not allow of a pod."""
    found = (check(metadata, spec) for check in _checks(level))
    return [each for each in found if each is not None]


def in_detail(found: Sequence[Violation]) -> str:
    """What is wrong with one pod."""
    return ", ".join(
        f"{each.reason} ({each.detail})" if each.detail else each.reason for each in found
    )


def in_short(found: Sequence[Violation]) -> str:
    """What is wrong with each of several pods."""
    return ", ".join(each.reason for each in found)


@cache
def _checks(level: Level) -> tuple[Check, ...]:
    if level.name == PRIVILEGED:
        return ()
    basic, strict = _at(_BASELINE, level.minor), _at(_RESTRICTED, level.minor)
    if level.name == BASELINE:
        return tuple(row.check for row in basic.values())
    needless = {row.instead for row in strict.values()}
    kept = [row.check for name, row in basic.items() if name not in needless]
    return (*kept, *(row.check for row in strict.values()))


def _at(rows: _Rows, minor: int) -> dict[str, _Row]:
    """The newest row of each check that is not newer than the version."""
    return {
        name: [row for row in versions if row.minor <= minor][-1]
        for name, versions in rows.items()
        if versions[0].minor <= minor
    }
