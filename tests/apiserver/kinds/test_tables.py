"""What a row says of states that more than one word would fit."""

from orchestrator.api.batch.v1 import Job, JobCondition, JobStatus
from orchestrator.api.core.v1 import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Pod,
    PodCondition,
    PodSpec,
    PodStatus,
    Service,
    ServiceSpec,
    ServiceStatus,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import Time
from orchestrator.apiserver.kinds.batch.tables import JOBS
from orchestrator.apiserver.kinds.core.pods.tables import PODS
from orchestrator.apiserver.kinds.core.services.tables import SERVICES

_STATUS, _RESTARTS = 2, 3
_RUNNING = ContainerState(running=ContainerStateRunning())


def _ended(name: str, code: int, *, restarts: int = 0) -> ContainerStatus:
    state = ContainerState(
        terminated=ContainerStateTerminated(exit_code=code, reason="Error" if code else "Completed")
    )
    return ContainerStatus(name=name, state=state, restart_count=restarts)


def _pod(*containers: ContainerStatus, init: tuple[ContainerStatus, ...] = ()) -> Pod:
    """Initialized; its init containers are sidecars if they wait or run."""
    plain = [s.name for s in init if s.state is not None and s.state.terminated is not None]
    return Pod(
        metadata=ObjectMeta(name="p"),
        spec=PodSpec(
            containers=tuple(Container(name=each.name) for each in containers),
            init_containers=tuple(
                Container(name=s.name, restart_policy="" if s.name in plain else "Always")
                for s in init
            ),
        ),
        status=PodStatus(
            phase="Running",
            conditions=(PodCondition(type="Initialized", status="True"),),
            container_statuses=containers,
            init_container_statuses=init,
        ),
    )


def test_a_container_that_failed_says_more_than_one_that_ended_well() -> None:
    """Even if the latter comes first, and though others run."""
    running = ContainerStatus(name="c", ready=True, state=_RUNNING)
    pod = _pod(_ended("a", 0), _ended("b", 3), running)
    assert PODS.cells(pod, 0.0)[_STATUS] == "Error"
    assert PODS.cells(_pod(_ended("a", 0), running), 0.0)[_STATUS] == "NotReady"


def test_restarts_of_sidecars_count_up_to_the_first_that_is_down() -> None:
    """What comes behind it is not looked at, as in Kubernetes."""
    down = ContainerStatus(
        name="s",
        restart_count=3,
        state=ContainerState(waiting=ContainerStateWaiting(reason="CrashLoopBackOff")),
    )
    up = ContainerStatus(name="t", restart_count=2, started=True, ready=True, state=_RUNNING)
    main = ContainerStatus(name="c", ready=True, state=_RUNNING)
    assert PODS.cells(_pod(main, init=(down, up)), 0.0)[_RESTARTS] == "3"
    assert PODS.cells(_pod(main, init=(up, down)), 0.0)[_RESTARTS] == "5"


def test_when_an_init_container_failed_is_forgotten_once_the_pod_runs() -> None:
    """The restarts that are told are those of its containers."""
    failed = ContainerState(
        terminated=ContainerStateTerminated(exit_code=1, finished_at=Time("1970-01-01T00:00:00Z"))
    )
    first = ContainerStatus(
        name="i", restart_count=0, state=_ended("i", 0).state, last_state=failed
    )
    main = ContainerStatus(name="c", restart_count=1, ready=True, state=_RUNNING)
    assert PODS.cells(_pod(main, init=(first,)), 60.0)[_RESTARTS] == "1"


def test_a_job_whose_success_is_decided_says_so() -> None:
    """Until its pods are gone and it is complete."""
    decided = JobCondition(type="SuccessCriteriaMet", status="True")
    job = Job(metadata=ObjectMeta(name="j"), status=JobStatus(conditions=(decided,)))
    assert JOBS.cells(job, 0.0)[1] == "SuccessCriteriaMet"


def test_addresses_of_a_load_balancer_are_sorted() -> None:
    """Names among them; those that somebody gave the Service come after."""
    points = (LoadBalancerIngress(hostname="b.example.com"), LoadBalancerIngress(ip="7.7.7.7"))
    service = Service(
        metadata=ObjectMeta(name="s"),
        spec=ServiceSpec(type="LoadBalancer", external_ips=("1.1.1.1",)),
        status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=points)),
    )
    assert SERVICES.cells(service, 0.0)[3] == "7.7.7.7,b.example.com,1.1.1.1"
