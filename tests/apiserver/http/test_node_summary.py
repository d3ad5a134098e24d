"""What a kubelet's summary says."""

from msgspec import convert
from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, Node, NodeStatus, Pod, PodSpec, ResourceRequirements
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.http.node_summary import summary_of
from orchestrator.apiserver.http.usage_metrics import cadvisor_families
from orchestrator.apiserver.telemetry.families import text_of
from orchestrator.protocol import ContainerUsage, DirectoryUsage, DiskUsage, NodeUse, Stall, Waited

NOW = "2026-01-01T00:00:10Z"
NODE = Node(
    metadata=ObjectMeta(name="node-1"),
    status=NodeStatus(capacity={"memory": "1Gi", "ephemeral-storage": "1000"}),
)
POD = Pod(
    metadata=ObjectMeta(name="web", namespace="default", uid="u1"),
    spec=PodSpec(
        containers=(
            Container(
                name="main", resources=convert({"limits": {"memory": "1Ki"}}, ResourceRequirements)
            ),
            Container(name="side"),
        )
    ),
)
MEASURED = ContainerUsage(
    milli_cpu=250,
    memory_bytes=600,
    processes=2,
    cpu_seconds=1.5,
    rss_bytes=400,
    page_faults=7,
    major_page_faults=1,
)
USAGES = {"u1": {"main": MEASURED, "side": ContainerUsage(memory_bytes=24, processes=1)}}
DISKS = {"u1": DiskUsage({"data": DirectoryUsage(100, 3)}, {"main": 20})}
BESIDE = NodeUse(image_bytes=200, most_files=50)


def test_disks_of_pods_add_up_to_their_node() -> None:
    """Volumes and logs are the pod's ephemeral storage; what neither pods nor images take is available to all."""
    found = summary_of(NODE, [POD], USAGES, DISKS, BESIDE, NOW)
    (pod,) = found["pods"]
    disk = {
        "time": NOW,
        "availableBytes": 680,
        "capacityBytes": 1000,
        "inodes": 50,
        "inodesFree": 46,
    }
    assert found["node"]["fs"] == {**disk, "usedBytes": 320, "inodesUsed": 4}
    images = {**disk, "usedBytes": 200, "inodesUsed": 0}
    assert found["node"]["runtime"] == {"imageFs": images, "containerFs": images}
    assert pod["ephemeral-storage"] == {**disk, "usedBytes": 120, "inodesUsed": 4}
    assert pod["volume"] == [{**disk, "usedBytes": 100, "inodesUsed": 3, "name": "data"}]
    assert [c.get("logs", {}).get("usedBytes") for c in pod["containers"]] == [20, None]
    assert pod["process_stats"] == {"process_count": 3}


def test_memory_that_is_limited_has_a_rest() -> None:
    """Of the container's limit, or of the node's; faults and resident pages stand where somebody counts them."""
    found = summary_of(NODE, [POD], USAGES, DISKS, BESIDE, NOW)
    main, side = found["pods"][0]["containers"]
    assert main["memory"] == {
        "time": NOW,
        "availableBytes": 424,
        "usageBytes": 600,
        "workingSetBytes": 600,
        "rssBytes": 400,
        "pageFaults": 7,
        "majorPageFaults": 1,
    }
    assert side["memory"] == {"time": NOW, "usageBytes": 24, "workingSetBytes": 24}
    assert found["node"]["memory"]["availableBytes"] == (1 << 30) - 624
    assert found["node"]["cpu"]["usageCoreNanoSeconds"] == 1_500_000_000


def test_a_pod_that_does_not_run_is_left_out() -> None:
    """Its kubelet tells of no container of it."""
    found = summary_of(NODE, [POD], {"u1": {}}, {}, NodeUse(), NOW)
    assert found["pods"] == []
    assert found["node"]["fs"]["availableBytes"] == 1000


def test_waiting_stands_beside_what_was_waited_for() -> None:
    """In nanoseconds, for containers and for the node, where somebody counts it; what is I/O has a place of its own."""
    stall = Stall(Waited(3, 1.5, 0.5, 0.25), Waited(1))
    usages = {"u1": {"main": replace(MEASURED, stalls={"cpu": stall})}}
    found = summary_of(NODE, [POD], usages, {}, NodeUse(stalls={"io": stall}), NOW)
    psi = {
        "some": {"total": 3000, "avg10": 1.5, "avg60": 0.5, "avg300": 0.25},
        "full": {"total": 1000, "avg10": 0.0, "avg60": 0.0, "avg300": 0.0},
    }
    (container,) = found["pods"][0]["containers"]
    assert container["cpu"]["psi"] == psi
    assert "io" not in container
    assert found["node"]["io"] == {"time": NOW, "psi": psi}
    assert "psi" not in found["node"]["cpu"]
    told = text_of(cadvisor_families(NODE, [POD], usages))
    assert 'container_pressure_cpu_waiting_seconds_total{container="main"' in told
    assert told.count("container_pressure_cpu_stalled_seconds_total{") == 1
