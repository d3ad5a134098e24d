"""The generic table: what is written is read back, and what is torn is refused."""

import csv
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.machinery import quantities
from orchestrator.scenario.traces import Task, Trace, TraceError, TraceNode, find_importer

TABLE = find_importer("table")
GPU = "example.com/gpu"

SECONDS = st.floats(0, 1e9)
QUANTITY = st.one_of(
    st.integers(0, 10**6).map(lambda n: f"{n}m"), st.integers(0, 10**6).map(lambda n: f"{n}Mi")
).map(quantities.canonical)
NAME = st.from_regex(r"[a-z]([a-z0-9.]{0,5}[a-z0-9])?", fullmatch=True)
LABEL = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,5}[A-Za-z0-9])?", fullmatch=True)
AMOUNTS = st.fixed_dictionaries(
    {"cpu": QUANTITY, "memory": QUANTITY}, optional={GPU: st.integers(0, 99).map(str)}
)
LABELS = st.dictionaries(st.sampled_from(["team", "example.com/tier"]), LABEL)
TASKS = st.lists(
    st.builds(
        Task,
        name=NAME.filter(lambda name: ".." not in name),
        arrival_seconds=SECONDS,
        duration_seconds=st.none() | SECONDS,
        requests=AMOUNTS,
        labels=LABELS,
        node_labels=st.dictionaries(
            st.just("zone"), st.lists(LABEL, min_size=1, max_size=3).map(tuple)
        ),
    ),
    unique_by=lambda task: task.name,
    min_size=1,
    max_size=6,
)
NODES = st.lists(
    st.builds(
        TraceNode,
        name=NAME.filter(lambda name: ".." not in name),
        capacity=st.builds(lambda a, pods: {**a, "pods": str(pods)}, AMOUNTS, st.integers(0, 999)),
        labels=LABELS,
    ),
    unique_by=lambda node: node.name,
    min_size=1,
    max_size=4,
)
Cells = dict[str, str | float]


def _amounts(amounts: dict[str, str]) -> Cells:
    own = ("cpu", "memory", "pods")
    return {(r if r in own else f"resource:{r}"): amount for r, amount in amounts.items()}


def _task_cells(task: Task) -> Cells:
    cells: Cells = {"name": task.name, "arrival_seconds": task.arrival_seconds}
    if task.duration_seconds is not None:
        cells["duration_seconds"] = task.duration_seconds
    cells |= _amounts(dict(task.requests))
    cells |= {f"label:{key}": value for key, value in task.labels.items()}
    return cells | {f"node-label:{k}": "|".join(v) for k, v in task.node_labels.items()}


def _node_cells(node: TraceNode) -> Cells:
    labels: Cells = {f"label:{key}": value for key, value in node.labels.items()}
    return {"name": node.name} | _amounts(dict(node.capacity)) | labels


def _as_csv(rows: Sequence[Cells]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _as_jsonl(rows: Sequence[Cells]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


WRITERS = {"csv": _as_csv, "jsonl": _as_jsonl}


@settings(max_examples=40)
@given(TASKS, NODES, st.sampled_from(sorted(WRITERS)))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    tasks: list[Task],
    nodes: list[TraceNode],
    suffix: str,
) -> None:
    """To the last digit, in both forms, in the order of arrival."""
    folder = tmp_path_factory.mktemp("table")
    write = WRITERS[suffix]
    (folder / f"tasks.{suffix}").write_text(write([_task_cells(t) for t in tasks]))
    (folder / f"nodes.{suffix}").write_text(write([_node_cells(n) for n in nodes]))
    in_order = sorted(tasks, key=lambda task: (task.arrival_seconds, task.name))
    read = TABLE.load(folder / f"tasks.{suffix}", {"nodes": f"nodes.{suffix}"})
    assert read == Trace(tuple(nodes), tuple(in_order))


@settings(max_examples=40)
@given(TASKS, st.sampled_from(sorted(WRITERS)), st.data())
def test_a_file_that_was_cut_within_a_row_is_refused(
    tmp_path_factory: pytest.TempPathFactory, tasks: list[Task], suffix: str, data: st.DataObject
) -> None:
    """Between rows nobody can tell: then it is the shorter table, or one without any row."""
    path = tmp_path_factory.mktemp("torn") / f"tasks.{suffix}"
    whole = WRITERS[suffix]([_task_cells(t) for t in tasks]).encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:cut])
    rows = whole[:cut].count(b"\n") - (suffix == "csv")
    if rows < 1 or not whole[:cut].endswith(b"\n"):
        with pytest.raises(TraceError):
            TABLE.load(path, {})
    else:
        assert {t.name for t in TABLE.load(path, {}).tasks} == {t.name for t in tasks[:rows]}


@given(st.binary(max_size=200), st.sampled_from(sorted(WRITERS)))
def test_no_file_raises_anything_but_a_trace_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    """Whatever its bytes are."""
    path = tmp_path_factory.mktemp("any") / f"tasks.{suffix}"
    path.write_bytes(b"arrival_seconds,cpu,memory\n" * (suffix == "csv") + data + b"\n")
    with suppress(TraceError):
        assert TABLE.load(path, {}).tasks


def test_counts_make_many_and_names_may_be_left_out(tmp_path: Path) -> None:
    """A task without a name is called after its row; a counted one gets a number."""
    (tmp_path / "t.csv").write_text(
        "name,arrival_seconds,cpu,memory,count\nb,1,1,1Gi,2\n,0,500m,0.5Gi,\n"
    )
    (tmp_path / "n.jsonl").write_text(
        '{"group": "big", "count": 2, "cpu": 64, "memory": "256Gi"}\n'
        '{"name": "small", "cpu": 0.5, "memory": "1Gi", "pods": 10}\n'
    )
    trace = TABLE.load(tmp_path / "t.csv", {"nodes": "n.jsonl"})
    assert [t.name for t in trace.tasks] == ["task-1", "b-0", "b-1"]
    assert trace.tasks[0].requests == {"cpu": "500m", "memory": "512Mi"}
    assert [(n.name, n.capacity["pods"]) for n in trace.nodes] == [
        ("big-0", "250"),
        ("big-1", "250"),
        ("small", "10"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "arrival_seconds,cpu\n1,1\n", "t.csv:1: the header lacks memory"),
        ("t.jsonl", '{"arrival_seconds": 1, "cpu": 1}\n', "t.jsonl:1: memory: expected a value"),
        ("t.jsonl", "[]\n", "t.jsonl:1: expected a JSON object"),
        ("t.jsonl", '{"cpu": [1]}\n', "cpu: expected a text or a number"),
        ("t.jsonl", '{"cpu": true}\n', "cpu: expected a text or a number"),
        ("t.jsonl", "[" * 10_000 + "\n", "it is no JSON, or cut off"),
        ("t.txt", "", "ends in .csv or .jsonl"),
        ("t.csv", "arrival_seconds,cpu,memory\n1,lots,1Gi\n", 't.csv:2: cpu: .* got "lots"'),
        ("t.csv", "arrival_seconds,cpu,memory\n1,-1,1Gi\n", 'cpu: expected a quantity .* "-1"'),
        ("t.csv", "arrival_seconds,cpu,memory\n,1,1Gi\n", "arrival_seconds: expected a time"),
        ("t.csv", "arrival_seconds,cpu,memory,cores\n1,1,1Gi,3\n", "cores: unknown; there are"),
        (
            "t.csv",
            "arrival_seconds,cpu,memory,resource:gpu\n1,1,1Gi,3\n",
            "resource:gpu: expected a name with a domain such as example.com/gpu",
        ),
        (
            "t.csv",
            "arrival_seconds,cpu,memory,resource:cpu\n1,1,1Gi,3\n",
            'resource:cpu: expected in the column "cpu"',
        ),
        (
            "t.csv",
            f"arrival_seconds,cpu,memory,resource:{GPU}\n1,1,1Gi,0.5\n",
            'expected a whole quantity, got "0.5"',
        ),
        ("t.csv", "arrival_seconds,cpu,memory,label:a b\n1,1,1Gi,x\n", 'label:a b: "a b": '),
        ("t.csv", "arrival_seconds,cpu,memory,label:a\n1,1,1Gi,x y\n", 'label:a: "x y": '),
        ("t.csv", "arrival_seconds,cpu,memory,node-label:a\n1,1,1Gi,x y\n", '"x y": '),
        (
            "t.csv",
            "arrival_seconds,cpu,memory,count\n1,1,1Gi,1000000000\n",
            "count: expected a whole number from 0 to 1000000",
        ),
        (
            "t.csv",
            "name,arrival_seconds,cpu,memory,count\na,1,1,1Gi,2\na-1,1,1,1Gi,\n",
            't.csv:3: name: "a-1" is the name of line 2, too',
        ),
    ],
)
def test_a_wrong_file_says_where_and_what_would_be_right(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    """One line that a person can act on."""
    (tmp_path / name).write_text(text)
    with pytest.raises(TraceError, match=message):
        TABLE.load(tmp_path / name, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cpu,memory\n1,1Gi\n", "expected either name, or group and count"),
        ("name,group,count,cpu,memory\na,b,1,1,1Gi\n", "expected either name, or group"),
        ("group,cpu,memory\na,1,1Gi\n", "group and count go together"),
        ("name,count,cpu,memory\na,2,1,1Gi\n", "group and count go together"),
        ("name,cpu,memory,arrival_seconds\na,1,1Gi,3\n", "arrival_seconds: unknown"),
    ],
)
def test_a_wrong_file_of_nodes_is_refused_too(tmp_path: Path, text: str, message: str) -> None:
    """It has columns of its own."""
    (tmp_path / "t.csv").write_text("arrival_seconds,cpu,memory\n1,1,1Gi\n")
    (tmp_path / "n.csv").write_text(text)
    with pytest.raises(TraceError, match=message):
        TABLE.load(tmp_path / "t.csv", {"nodes": "n.csv"})


@pytest.mark.parametrize("options", [{"node": "n.csv"}, {"nodes": 3}, {"nodes": "absent.csv"}])
def test_wrong_options_are_refused(tmp_path: Path, options: dict[str, object]) -> None:
    """An unknown one, one of another type, and one that names no file."""
    (tmp_path / "t.csv").write_text("arrival_seconds,cpu,memory\n1,1,1Gi\n")
    with pytest.raises(TraceError):
        TABLE.load(tmp_path / "t.csv", options)
