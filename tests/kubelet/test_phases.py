"""The phase of a pod by the states of its containers, as kubelet's `getPhase` tells it: a table, a row a situation.

The states: `.` none yet, `W` waiting, `W0` and `W9` waiting after a run that ended so, `R` running, `S` running and
started, `0` and `9` ended so, `WA` waiting as all containers begin anew. Sidecars, init containers and containers are
`s`, `i` and `c`, each with a policy of its own (`N`ever, `F` on failure, `A`lways) or none; `r` is one whose rule lets
all begin anew at exit code 42. The pod's own policy comes first. `ended`: it has been stopped; `begun`: its containers
have had their turn.
"""

import pytest
from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Container,
    ContainerRestartRule,
    ContainerRestartRuleOnExitCodes,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    Pod,
    PodSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.kubelet.container_record import ContainerRecord, Stage
from orchestrator.kubelet.pod_status import phase_of
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.kubelet.resetting import RESETTING
from orchestrator.machinery.times import format_time

NOW = 1_704_067_200.0
_POLICIES = {"A": "Always", "F": "OnFailure", "N": "Never"}
_ALL_ANEW = ContainerRestartRule(
    action="RestartAllContainers",
    exit_codes=ContainerRestartRuleOnExitCodes(operator="In", values=(42,)),
)

TABLE = """
A  c. c.               Pending    nothing has begun
A  cR cR               Running    all run
A  c0 c0               Running    all have ended, and begin again
A  c0 c0 ended         Succeeded  all have ended well for good
A  c0 c9 ended         Failed     one has ended badly, for good
A  cR c0               Running    one ended, and begins again
A  cR c.               Pending    one is not there yet
A  cR cW               Pending    one waits for its first run
A  cR cW0              Running    one is held back
A  i. c. c.            Pending    nothing has begun
A  iR c. c.            Pending    an init container runs
A  i9 c. c.            Pending    an init container failed, and is tried again
A  iW0 c. c.           Pending    an init container is held back
A  iW9 c. c.           Pending    an init container that failed is held back
A  iW c. c.            Pending    an init container waits
A  i0 cR cR            Running    all run after an init container
A  s. c. c.            Pending    nothing has begun
A  sR c. c.            Pending    a sidecar has not started
A  s0 c. c.            Pending    a sidecar ended before the others began
A  sW0 c. c.           Pending    a sidecar is held back
A  sW9 c. c.           Pending    a sidecar that failed is held back
A  sW c. c.            Pending    a sidecar waits
A  sS cR c. begun      Pending    one of two runs beside a sidecar
A  sS cR cR begun      Running    all run beside a sidecar
A  sR cR cR begun      Running    a sidecar starts again
A  s0 cR cR begun      Running    a sidecar has ended
A  sW0 cR cR begun     Running    a sidecar is held back while the others run
A  s9 c0 c0 begun ended  Succeeded  a sidecar's end does not count
A  s0 c0 c0 begun ended  Succeeded  everything ended well
A  iR sR cR            Pending    an init container runs again
A  iR sR c0            Pending    an init container runs again, the old container ended
A  i0 sR c0 begun      Running    the container is about to begin again
A  i0 sR cR begun      Running    all run
N  c. c.               Pending    nothing has begun
N  cR cR               Running    all run
N  c0 c0               Succeeded  all ended well
N  c9 c9               Failed     all failed
N  cR c0               Running    one has ended
N  cR c.               Pending    one is not there yet
N  cR cW               Pending    one waits
N  i. c. c.            Pending    nothing has begun
N  iR c. c.            Pending    an init container runs
N  i9 c. c.            Failed     an init container failed
N  iW0 c. c.           Pending    an init container is held back
N  iW9 c. c.           Failed     an init container that waits had failed
N  iW c. c.            Pending    an init container waits
N  i0 cR cR            Running    all run after an init container
N  sR c. c.            Pending    a sidecar has not started
N  s0 c. c.            Pending    a sidecar ended before the others began
N  sW0 c. c.           Pending    a sidecar is held back
N  sW9 c. c.           Pending    a sidecar that failed is held back
N  sW c. c.            Pending    a sidecar waits
N  sS cR c. begun      Pending    one of two runs beside a sidecar
N  sS c0 c0 begun      Running    a sidecar outlives the others
N  sR c0 c0 begun      Running    a sidecar runs again, the others ended
N  s0 c0 c0 begun      Succeeded  everything ended well
N  s9 c0 c0 begun      Succeeded  a sidecar's end does not count
N  sW0 c0 c0 begun     Succeeded  a sidecar that is held back does not count
N  sW9 c0 c0 begun     Succeeded  nor one that had failed
F  c. c.               Pending    nothing has begun
F  cR cR               Running    all run
F  c0 c0               Succeeded  all ended well
F  c9 c9               Running    all failed, and begin again
F  cR c0               Running    one ended well
F  cR c.               Pending    one is not there yet
F  cR cW               Pending    one waits
F  cR cW0              Running    one is held back
A  cN9 begun           Failed     its own policy is Never
A  cF9 begun           Running    its own policy is OnFailure
A  cA9 begun           Running    its own policy is Always
N  cA0 c9 begun        Running    one of its own policy begins again
A  cN9 cF0 begun       Failed     none begins again, one failed
A  cN0 cF0 begun       Succeeded  none begins again, all ended well
A  iN9 cW              Failed     an init container of the policy Never failed
N  iF9 cW              Pending    one of the policy OnFailure is tried again
N  sA9 cW              Pending    a sidecar failed before the others began
N  cr42 begun          Running    all containers will begin anew
N  ir42 cW             Pending    an init container lets all begin anew
N  sr42 cW             Pending    a sidecar lets all begin anew
N  sr42 iW cW          Pending    and an init container behind it waits
N  crWA begun          Running    all containers begin anew
N  irWA cW             Pending    an init container begins anew
N  srWA cW             Pending    a sidecar begins anew
N  srWA iWA cW         Pending    and so does the init container behind it
N  i0 crWA begun       Running    the init container is through
N  i9 crWA begun       Failed     the init container failed this time
N  ir0 cW              Pending    the init container was well this time
N  srWA cWA begun      Running    a sidecar and the others begin anew
N  srR cWA begun       Running    the sidecar runs again
N  srR iWA cW          Pending    the init container's turn comes
"""


def _row(text: str) -> tuple[str, list[str], str, str]:
    words = text.split()
    at = next(
        i for i, word in enumerate(words) if word in ("Pending", "Running", "Succeeded", "Failed")
    )
    return words[0], words[1:at], words[at], " ".join(words[at + 1 :])


ROWS = [_row(line) for line in TABLE.strip().splitlines()]


def _container(name: str, word: str) -> tuple[Container, str]:
    """The container of a word like `cN9`, and its state."""
    role, rest = word[0], word[1:]
    policy = "Always" if role == "s" else None
    rules: tuple[ContainerRestartRule, ...] = ()
    if rest[:1] == "r":
        policy, rules, rest = policy or "Never", (_ALL_ANEW,), rest[1:]
    elif rest[:1] in _POLICIES:
        policy, rest = _POLICIES[rest[0]], rest[1:]
    return Container(name=name, image="i", restart_policy=policy, restart_policy_rules=rules), rest


def _ended(code: int, reason: str = "") -> ContainerState:
    return ContainerState(terminated=ContainerStateTerminated(exit_code=code, reason=reason))


def _put(record: ContainerRecord, state: str) -> None:
    """Let a record stand where the word says."""
    if state == ".":
        return
    if state in ("R", "S"):
        record.stage, record.started = Stage.RUNNING, state == "S"
        record.state = ContainerState(running=ContainerStateRunning())
    elif state.startswith("W"):
        record.state = ContainerState(waiting=ContainerStateWaiting())
        if state == "WA":
            record.last_state = _ended(137, RESETTING)
        elif state[1:]:
            record.stage, record.last_state = Stage.EXITED, _ended(int(state[1:]))
    else:
        record.stage, record.state = Stage.EXITED, _ended(int(state))


def _worker(policy: str, words: list[str]) -> PodWorker:
    made = [
        _container(f"c{i}", word) for i, word in enumerate(words) if word not in ("begun", "ended")
    ]
    init = [each for each, word in zip(made, words, strict=False) if word[0] != "c"]
    main = [each for each, word in zip(made, words, strict=False) if word[0] == "c"]
    spec = PodSpec(
        init_containers=tuple(c for c, _ in init),
        containers=tuple(c for c, _ in main),
        restart_policy=_POLICIES[policy],
    )
    pod = Pod(metadata=ObjectMeta(name="p", uid="u"), spec=spec)
    if "ended" in words:
        pod = replace(pod, metadata=replace(pod.metadata, deletion_timestamp=format_time(NOW)))
    worker = PodWorker(pod, NOW)
    states = [state for _, state in (*init, *main)]
    for record, state in zip((*worker.init_containers, *worker.containers), states, strict=True):
        _put(record, state)
    if "begun" in words:
        for record in worker.containers:
            record.attempt = 0
    return worker


@pytest.mark.parametrize(
    ("policy", "words", "phase"),
    [
        pytest.param(policy, words, phase, id=f"{policy} {' '.join(words)}: {said}")
        for policy, words, phase, said in ROWS
    ],
)
def test_the_phase_is_what_the_containers_are(policy: str, words: list[str], phase: str) -> None:
    """Whatever the policies: each row says what a kubelet would."""
    assert phase_of(_worker(policy, words)) == phase
