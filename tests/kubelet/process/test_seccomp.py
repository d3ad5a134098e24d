"""Profiles of system calls, as containers feel them."""

import json
from pathlib import Path

import pytest

from orchestrator.api.core.v1 import SeccompProfile, SecurityContext
from orchestrator.kubelet.runtimes.process import seccomp
from tests.kubelet.process.machine import Machine, on_machine, pod_of

needs_library = pytest.mark.skipif(
    seccomp._library() is None, reason="this machine has no libseccomp"
)
_STATE = "exec 2>&1; grep Seccomp: /proc/self/status; unshare -U true && echo may || echo may not"


def _said(context: SecurityContext) -> tuple[int, str]:
    """The exit code and output of a script that looks at its filter, and tries what it may refuse; -1: no namespaces."""
    found: list[tuple[int, str]] = []

    async def work(machine: Machine) -> None:
        key = machine.start(pod_of("sh", "-c", _STATE, security_context=context))
        end = await machine.exited()
        found.append((end.exit_code if machine.runtime._encloses() else -1, end.message))
        if end.started_at:
            found[0] = (found[0][0], await machine.log(key))

    on_machine(work)
    return found[0]


def _profile(kind: str, name: str = "") -> SeccompProfile:
    return SeccompProfile(type=kind, localhost_profile=name or None)


@needs_library
@pytest.mark.parametrize("escalates", [None, False])
def test_the_default_refuses_what_reaches_beyond_a_container(escalates: bool | None) -> None:
    """Whoever may rise and who may not; the rest goes on as before."""
    context = SecurityContext(
        seccomp_profile=_profile("RuntimeDefault"), allow_privilege_escalation=escalates
    )
    code, said = _said(context)
    assert code == -1 or "Seccomp:\t2\n" in said
    assert code == -1 or said.endswith("may not\n")


def test_without_a_profile_nothing_is_filtered() -> None:
    """As with one that says so."""
    for context in (SecurityContext(), SecurityContext(seccomp_profile=_profile("Unconfined"))):
        assert "Seccomp:\t0\n" in _said(context)[1]


@needs_library
def test_a_profile_of_the_node_s_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its actions, numbers of errors and conditions; one that is not there or is none is told of."""
    monkeypatch.setattr(seccomp, "PROFILES", tmp_path)
    rule = {"names": ["unshare", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2}
    rule["args"] = [{"index": 0, "value": 1 << 28, "valueTwo": 1 << 28, "op": "SCMP_CMP_MASKED_EQ"}]
    document = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
    (tmp_path / "own.json").write_text(json.dumps(document))
    (tmp_path / "bad.json").write_text('{"defaultAction": "SCMP_ACT_SMILE"}')
    code, said = _said(SecurityContext(seccomp_profile=_profile("Localhost", "own.json")))
    assert code == -1 or said.endswith(
        "unshare: unshare failed: No such file or directory\nmay not\n"
    )
    missing = f'cannot load seccomp profile "{tmp_path}/x.json": open {tmp_path}/x.json: no such file or directory'
    assert _said(SecurityContext(seccomp_profile=_profile("Localhost", "x.json")))[1] == missing
    bad = _said(SecurityContext(seccomp_profile=_profile("Localhost", "bad.json")))[1]
    assert bad.endswith('string "SCMP_ACT_SMILE" is not a valid action for seccomp')


def test_without_the_library_there_is_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a profile of the node's is refused in the original's words."""
    monkeypatch.setattr(seccomp, "_library", lambda: None)
    pod = pod_of(
        "true", security_context=SecurityContext(seccomp_profile=_profile("RuntimeDefault"))
    )
    assert pod.spec is not None
    assert seccomp.filter_of(pod, pod.spec.containers[0], frozenset()) == b""
    pod = pod_of(
        "true", security_context=SecurityContext(seccomp_profile=_profile("Localhost", "x"))
    )
    assert pod.spec is not None
    with pytest.raises(seccomp.ProfileFault, match="seccomp is not supported"):
        seccomp.filter_of(pod, pod.spec.containers[0], frozenset())
