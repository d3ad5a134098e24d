"""The openb importer, on small files of the published shape."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.scenario.traces import Task, TraceError, TraceNode, find_importer
from orchestrator.scenario.traces.openb import GPU, GPU_MODEL, QOS

NODES = """\
sn,cpu_milli,memory_mib,gpu,model
n-0,32000,262144,0,
n-1,64000,1536,2,P100
"""
HEADER = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,"
    "creation_time,deletion_time,scheduled_time\n"
)
PODS = HEADER + (
    "p-1,6500,1024,1,460,P100|T4,LS,Running,20,100,30\n"
    "p-2,1000,512,2,1000,,BE,Pending,10,15,\n"
    "p-0,1000,512,0,0,,,Running,20,,20\n"
)
OPENB = find_importer("openb")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "openb_node_list_all_node.csv").write_text(NODES)
    (tmp_path / "openb_pod_list_default.csv").write_text(PODS)
    return tmp_path


def test_nodes_are_as_they_are(folder: Path) -> None:
    """GPUs are thousandths of a device, and the number of pods does not bind."""
    assert OPENB.load(folder, {}).nodes == (
        TraceNode("n-0", {"cpu": "32", "memory": "256Gi", "pods": "250"}),
        TraceNode(
            "n-1",
            {"cpu": "64", "memory": "1536Mi", "pods": "250", GPU: "2000"},
            {GPU_MODEL: "P100"},
        ),
    )


def test_tasks_come_in_the_order_of_arrival_then_name(folder: Path) -> None:
    """One that never ran lasts as long as it waited; one that was never deleted has no end."""
    assert OPENB.load(folder, {}).tasks == (
        Task("p-2", 10, 5, {"cpu": "1", "memory": "512Mi", GPU: "2000"}, {QOS: "BE"}),
        Task("p-0", 20, None, {"cpu": "1", "memory": "512Mi"}),
        Task(
            "p-1",
            20,
            70,
            {"cpu": "6500m", "memory": "1Gi", GPU: "460"},
            {QOS: "LS"},
            {GPU_MODEL: ("P100", "T4")},
        ),
    )


def test_other_lists_are_chosen_by_options(folder: Path) -> None:
    """The GPU nodes alone, and another list of pods."""
    (folder / "openb_node_list_gpu_node.csv").write_text(NODES.replace("n-0", "n-9"))
    (folder / "openb_pod_list_gpuspec10.csv").write_text(HEADER + PODS.splitlines()[2] + "\n")
    trace = OPENB.load(folder, {"nodes": "gpu", "pods": "gpuspec10"})
    assert [n.name for n in trace.nodes] == ["n-9", "n-1"]
    assert [t.name for t in trace.tasks] == ["p-2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nodes": "some"}, "expected all or gpu"),
        ({"pods": "../secret"}, "expected the name of a list"),
        ({"nods": "gpu"}, "unknown; there are nodes and pods"),
    ],
)
def test_a_wrong_option_is_refused(
    folder: Path, options: Mapping[str, object], message: str
) -> None:
    """With what is accepted instead."""
    with pytest.raises(TraceError, match=message):
        OPENB.load(folder, options)


ROW = "p-3,1000,512,1,500,,LS,Running,10,20,10\n"


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        (ROW.replace("20", "5"), 2, "deletion_time: 5 is before scheduled_time 10"),
        (ROW.replace("20,10\n", "5,\n"), 2, "deletion_time: 5 is before creation_time 10"),
        (ROW.replace("20,10\n", "20,9\n"), 2, "scheduled_time: 9 is before creation_time 10"),
        (ROW.replace(",10,20", ",-1,20"), 2, 'creation_time: .* at least 0, got "-1"'),
        (ROW.replace(",10,20", ",nan,20"), 2, 'creation_time: .* at least 0, got "nan"'),
        (ROW.replace(",10,20", ",,20"), 2, "creation_time: expected a time, got nothing"),
        (ROW.replace("1000", "1_000"), 2, 'cpu_milli: expected a whole number .* got "1_000"'),
        (ROW.replace("512", "٥"), 2, "memory_mib: expected a whole number"),
        (ROW.replace(",500,", ",1500,"), 2, "gpu_milli: expected a whole number from 0 to 1000"),
        (ROW.replace("p-3", "P 3"), 2, 'name: "P 3": '),
        (ROW.replace("p-3", ""), 2, "name: expected a name, got nothing"),
        (ROW.replace("LS", "L S"), 2, 'qos: "L S": '),
        (ROW.replace(",,LS", ",T4|,LS") + "p", 3, "the file is cut off"),
        (ROW.replace(",,LS", ",T 4,LS"), 2, 'gpu_spec: "T 4": '),
        (ROW + "\n" + ROW, 4, 'name: "p-3" is the name of line 2, too'),
        (ROW + "p-4,1000\n", 3, "expected 11 fields as in the header, got 2"),
        (ROW + 'p-4,"10\n', 3, "it is no CSV, or cut off"),
        (ROW[:-1], 2, "the file is cut off: its last line does not end in a newline"),
        ("", 0, "the file is empty"),
    ],
)
def test_a_wrong_row_says_its_line_and_what_would_be_right(
    folder: Path, rows: str, line: int, message: str
) -> None:
    """Line 1 is the header."""
    path = folder / "openb_pod_list_default.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(TraceError, match=message) as caught:
        OPENB.load(folder, {})
    assert (caught.value.file, caught.value.line) == (str(path), line)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"\x7fELF\x00\x01\n", "the file is binary"),
        (b"\xff\xfe\n", "the file is binary"),
        (b"sn,cpu_milli\n", "the header lacks memory_mib, gpu, model; it has sn, cpu_milli"),
        (NODES.replace("gpu,", "gpu,gpu,").encode(), 'the header has "gpu" more than once'),
    ],
)
def test_a_file_that_is_no_such_list_is_refused(folder: Path, data: bytes, message: str) -> None:
    """Empty, binary, or with other columns."""
    (folder / "openb_node_list_all_node.csv").write_bytes(data)
    with pytest.raises(TraceError, match=message):
        OPENB.load(folder, {})


def test_an_absent_folder_or_file_is_refused(folder: Path) -> None:
    """And a file in the folder's place."""
    with pytest.raises(TraceError, match="expected the folder that holds"):
        OPENB.load(folder / "absent", {})
    with pytest.raises(TraceError, match="expected the folder that holds"):
        OPENB.load(folder / "openb_pod_list_default.csv", {})
    (folder / "openb_pod_list_default.csv").unlink()
    with pytest.raises(TraceError, match="cannot be read: No such"):
        OPENB.load(folder, {})
