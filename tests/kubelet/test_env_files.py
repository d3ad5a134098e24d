"""Variables from files that an earlier container of the pod has written."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.kubelet.env_files import EnvFileFault, value_in
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.volume_directories import Volumes
from tests.kubelet.stories import container_of, pod_with, waiting_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("K='v'", "v"),
        ("\n# K='no'\n  \t\n\tK='v' # said\nK='later'\n", "v"),
        ("A='1'\r\nK='v'\r\n", "v"),
        ("K='two\nlines = \"$HOME\" # here\n'\n", 'two\nlines = "$HOME" # here\n'),
        ("K= 'v'", ""),
        ("export K='v'", ""),
        ("KK='v'", ""),
        ("", ""),
    ],
)
def test_a_name_has_the_value_of_its_first_line(text: str, value: str) -> None:
    """In single quotes, as it stands there; without a line, or with a space after the equals sign, it has none."""
    assert value_in(text, "K") == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("K=v", 1),
        ("A='1'\nK=\"v\"", 2),
        ("K ='v'", 1),
        ("K='v' more", 1),
        ("\n\nK='v", 3),
        ("K", 1),
    ],
)
def test_what_is_no_such_line_is_told(text: str, line: int) -> None:
    """By its number, counted from 1."""
    with pytest.raises(EnvFileFault, match=f"line {line} "):
        value_in(text, "K")


_NAMES = st.from_regex(r"[A-Z_]{1,8}", fullmatch=True)
_VALUES = st.text(st.characters(exclude_characters="'\r", codec="utf-8"))


@given(st.dictionaries(_NAMES, _VALUES, min_size=1))
def test_what_is_written_is_read(values: dict[str, str]) -> None:
    """Whatever is in the quotes."""
    text = "".join(f"{name}='{value}'\n" for name, value in values.items())
    assert {name: value_in(text, name) for name in values} == values


def test_a_file_that_leads_out_of_its_volume_is_not_there(tmp_path: Path) -> None:
    """Nor is one of a volume that is no emptyDir."""
    spec = {
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "m", "emptyDir": {"medium": "Memory"}}]
    }
    pod = Pod(metadata=ObjectMeta(name="p"), spec=convert(spec, PodSpec))
    own, memory = tmp_path / "own", tmp_path / "memory"
    volumes = Volumes(own, memory, Disks(), None, set(), lambda: "now")
    for place in (own / "v", memory / "m"):
        place.mkdir(parents=True)
        (place / "env").write_text("K='v'")
    (tmp_path / "secret").write_text("K='s'")
    (own / "v" / "link").symlink_to(tmp_path / "secret")
    assert volumes.own_file(pod, "v", "env") == volumes.own_file(pod, "m", "env") == b"K='v'"
    for volume, path in (("v", "link"), ("v", "../../secret"), ("x", "env"), ("v", "absent")):
        with pytest.raises(FileNotFoundError):
            volumes.own_file(pod, volume, path)


def _manifest(name: str, written: str, **selector: Any) -> dict[str, Any]:
    """A pod whose init container writes a file, of which its container has a variable, which it writes into its message."""
    source = {"fileKeyRef": {"volumeName": "config", "path": "env", "key": "K", **selector}}
    script = "echo -n got $VALUE > /dev/termination-log; exit 0"
    manifest = pod_with(
        name,
        {
            "image": "busybox",
            "command": ["sh", "-c", script],
            "env": [{"name": "VALUE", "valueFrom": source}],
        },
        restartPolicy="Never",
    )
    init = {
        "name": "init",
        "image": "busybox",
        "command": ["sh", "-c", f'echo "{written}" > /config/env'],
        "volumeMounts": [{"name": "config", "mountPath": "/config"}],
    }
    volumes = [{"name": "config", "emptyDir": {}}]
    manifest["spec"] |= {"initContainers": [init], "volumes": volumes}
    return manifest


async def test_a_container_has_what_its_init_container_wrote(cluster: Cluster) -> None:
    """Without a mount of the volume; what is optional and not there is left out."""
    await cluster.apply([_manifest("has", "K='v'"), _manifest("no", "A='v'", optional=True)])
    await cluster.clock.sleep(15)
    for name, said in (("has", "got v"), ("no", "got")):
        state = (await container_of(cluster, name)).state
        assert state is not None
        assert state.terminated is not None
        assert state.terminated.message.strip() == said


async def test_a_container_whose_file_lacks_a_name_is_not_configured(cluster: Cluster) -> None:
    """Nor one whose file is none; it waits, in the kubelet's words."""
    await cluster.apply([_manifest("lacks", "A='v'"), _manifest("broken", "K=v")])
    await cluster.clock.sleep(15)
    found = await cluster.client.get(Pod, "lacks", namespace="default")
    place = f"/var/lib/kubelet/pods/{found.metadata.uid}/volumes/kubernetes.io~empty-dir/config/env"
    said = f'environment variable key "K" not found in file "{place}"'
    assert await waiting_of(cluster, "lacks") == ("CreateContainerConfigError", said)
    said = "couldn't parse env file"
    assert await waiting_of(cluster, "broken") == ("CreateContainerConfigError", said)
