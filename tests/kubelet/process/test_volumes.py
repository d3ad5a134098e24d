"""Volumes as directories of the machine."""

import os
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from orchestrator.api.core.v1 import (
    ConfigMapVolumeSource,
    EmptyDirVolumeSource,
    Pod,
    PodSpec,
    Volume,
)
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.host_paths import host_fault
from orchestrator.kubelet.runtimes.interface import Mount
from orchestrator.kubelet.runtimes.process.shim.mounted import release
from orchestrator.kubelet.runtimes.volume_directories import VolumeFault, Volumes

GROUP = 4321
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to a group")


@pytest.fixture
def disks() -> Iterator[Disks]:
    made = Disks()
    yield made
    made.close()


def _volumes(place: Path, disks: Disks, **options: object) -> Volumes:
    stamps = count(1)
    told = {"group": None, "owned": set(), "stamp": lambda: str(next(stamps)), **options}
    return Volumes(place / "disk", place / "memory", disks, **told)  # type: ignore[arg-type]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _objects(**files: bytes) -> Mount:
    return Mount("/etc/app", "config", "objects", files=files, modes=dict.fromkeys(files, 0o600))


def test_a_change_of_objects_is_one_turn_of_a_link(tmp_path: Path, disks: Disks) -> None:
    """A file that stays is the same link; what is gone leaves none."""
    volumes = _volumes(tmp_path, disks)
    place = volumes.source(_objects(a=b"1", b=b"2"), "c")
    assert os.readlink(place / "..data") == "..1"
    assert os.readlink(place / "a") == "..data/a"
    volumes.write(_objects(a=b"3"))
    assert os.readlink(place / "..data") == "..2"
    assert sorted(os.listdir(place)) == ["..2", "..data", "a"]
    assert (place / "a").read_bytes() == b"3"
    volumes.write(_objects(a=b"3"))
    assert os.readlink(place / "..data") == "..2"


def test_a_sub_path_of_objects_stays_as_it_was(tmp_path: Path, disks: Disks) -> None:
    """It is the file of that moment, which the next state does not touch."""
    volumes = _volumes(tmp_path, disks)
    mount = _objects(a=b"1")
    place = volumes.source(
        Mount("/a", "config", "objects", sub_path="a", files=mount.files, modes=mount.modes), "c"
    )
    assert place.name == "a"
    assert place.parent.name == "..1"


@AS_ROOT
def test_a_group_shares_what_is_in_a_volume(tmp_path: Path, disks: Disks) -> None:
    """It may write where anybody does, and read and enter the rest; once a pod."""
    volumes = _volumes(tmp_path, disks, group=GROUP)
    shared = volumes.source(Mount("/cache", "cache", "emptyDir", modes={"": 0o777}), "c")
    assert (shared.stat().st_gid, _mode(shared)) == (GROUP, 0o2777)
    config = volumes.source(_objects(a=b"1"), "c")
    assert (config / "a").stat().st_gid == GROUP
    assert _mode(config / "..data/") == 0o2755
    disk = Mount("/data", "data", "claim", "simulation.orchestrator.dev.disk/one")
    place = disks.place(disk.place)
    place.mkdir(mode=0o700)
    old = place / "old"
    old.write_text("")
    old.chmod(0o600)
    volumes.source(disk, "c")
    assert (old.stat().st_gid, _mode(old)) == (GROUP, 0o660)
    old.chmod(0o600)
    volumes.source(disk, "other")
    assert _mode(old) == 0o600
    only = _volumes(tmp_path, disks, group=GROUP, only_mismatch=True)
    only.source(disk, "c")
    assert _mode(old) == 0o600


@AS_ROOT
def test_memory_holds_as_much_as_it_may(tmp_path: Path, disks: Disks) -> None:
    """What is mounted for it goes with its pod."""
    volumes = _volumes(tmp_path, disks)
    mount = Mount("/x", "fast", "memory", modes={"": 0o1777}, most_bytes=1 << 20)
    place = volumes.source(mount, "c")
    if not os.path.ismount(place):
        pytest.skip("this machine lets root mount nothing")
    try:
        (place / "small").write_bytes(b"x" * 1000)
        with pytest.raises(OSError, match="No space left"):
            (place / "large").write_bytes(b"x" * (2 << 20))
        assert _mode(place) == 0o1777
    finally:
        release(str(tmp_path))
    assert not os.path.ismount(place)
    assert not (place / "small").exists()


def test_a_new_sub_path_may_be_used_as_its_volume(tmp_path: Path, disks: Disks) -> None:
    volumes = _volumes(tmp_path, disks)
    modes = {"": 0o777}
    found = volumes.source(Mount("/x", "cache", "emptyDir", sub_path="a/b", modes=modes), "c")
    assert found.relative_to(tmp_path) == Path("disk/cache/a/b")
    assert [_mode(found), _mode(found.parent)] == [0o777, 0o777]
    modes = {"": 0o1777}
    found = volumes.source(Mount("/x", "fast", "memory", sub_path="a", modes=modes), "c")
    assert _mode(found) == 0o1777


@pytest.mark.parametrize(
    ("sub_path", "why"),
    [
        ("/a", "error SubPath `/a` must not be an absolute path"),
        ("a/../b", "unable to provision SubPath `a/../b`: must not contain '..'"),
        ("out/a", 'failed to prepare subPath for volumeMount "cache" of container "c"'),
    ],
)
def test_a_sub_path_does_not_lead_out(
    tmp_path: Path, disks: Disks, sub_path: str, why: str
) -> None:
    volumes = _volumes(tmp_path, disks)
    place = volumes.source(Mount("/x", "cache", "emptyDir", modes={"": 0o777}), "c")
    (place / "out").symlink_to("/")
    with pytest.raises(VolumeFault) as fault:
        volumes.source(Mount("/x", "cache", "emptyDir", sub_path=sub_path), "c")
    assert str(fault.value) == why


def test_storage_of_somebody_elses_is_not_had(tmp_path: Path, disks: Disks) -> None:
    volumes = _volumes(tmp_path, disks)
    with pytest.raises(VolumeFault, match=r'volume "data" is nfs "server/exports"'):
        volumes.source(Mount("/x", "data", "claim", "nfs/server/exports"), "c")


def test_a_disk_goes_when_it_is_given_back(disks: Disks) -> None:
    """And all of them with the cluster."""
    place = disks.place("driver/one")
    (place / "deep").mkdir(parents=True)
    other = disks.place("driver/two")
    other.mkdir()
    disks.remove("driver/one")
    assert not place.exists()
    disks.close()
    assert not other.parent.exists()


def test_a_disk_may_be_a_copy(disks: Disks) -> None:
    """Of one that nobody has used it is empty."""
    place = disks.place("driver/one")
    (place / "deep").mkdir(parents=True)
    (place / "deep" / "file").write_text("x")
    (place / "link").symlink_to("deep")
    disks.copy("driver/one", "driver/two")
    disks.copy("driver/none", "driver/three")
    assert (disks.place("driver/two") / "link" / "file").read_text() == "x"
    assert not disks.place("driver/three").exists()


def test_a_path_of_the_host_is_what_it_is_said_to_be(tmp_path: Path) -> None:
    """What may be made is made."""
    file, directory = tmp_path / "file", tmp_path / "directory"
    said = "hostPath type check failed:"
    assert host_fault(str(file), "File") == f"{said} {file} is not a file"
    assert host_fault(str(file), "FileOrCreate") == ""
    assert host_fault(str(file), "File") == ""
    assert host_fault(str(file), "DirectoryOrCreate") == f"{said} {file} is not a directory"
    assert host_fault(str(file), "Socket") == f"{said} {file} is not a socket file"
    assert host_fault(str(directory), "Local") == f'path "{directory}" does not exist'
    assert host_fault(str(directory), "DirectoryOrCreate") == ""
    assert host_fault(str(directory), "Directory") == ""
    assert host_fault(str(directory), "Local") == ""
    assert host_fault("/dev/null", "CharDevice") == ""
    assert host_fault("/dev/null", "BlockDevice") == f"{said} /dev/null is not a block device"
    deep = tmp_path / "no" / "file"
    assert host_fault(str(deep), "FileOrCreate") == f"open {deep}: no such file or directory"


def test_what_lies_in_an_own_directory_is_weighed(tmp_path: Path, disks: Disks) -> None:
    """In either medium, and nothing else is; a volume that is not there yet holds nothing."""
    volumes = _volumes(tmp_path, disks)
    cache = volumes.source(Mount("/x", "cache", "emptyDir"), "c")
    (cache / "deep").mkdir()
    (cache / "deep" / "file").write_bytes(b"x" * 10_000)
    volumes.source(_objects(a=b"x" * 10_000), "c")
    own = (
        Volume(name="cache", empty_dir=EmptyDirVolumeSource()),
        Volume(name="fast", empty_dir=EmptyDirVolumeSource(medium="Memory")),
        Volume(name="config", config_map=ConfigMapVolumeSource(name="config")),
    )
    found = volumes.weights_of(Pod(spec=PodSpec(volumes=own)))
    assert set(found) == {"cache", "fast"}
    assert 10_000 <= found["cache"].used_bytes <= 20_000
    assert found["cache"].files == 3  # itself, a directory and a file
    assert found["fast"].used_bytes == 0
