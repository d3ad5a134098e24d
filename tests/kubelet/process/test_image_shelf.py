"""Which images a node of processes has, and how they leave it."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.kubelet.runtimes.process import Image, InvalidImage, Pull
from orchestrator.kubelet.runtimes.process.image_shelf import ImageShelf
from tests.kubelet.process.layouts import layer, layout
from tests.kubelet.process.machine import Machine, on_machine, pod_of


def _told(shelf: ImageShelf) -> dict[str, tuple[int, bool]]:
    return {each.id: (each.size_bytes, each.pinned) for each in shelf.images()}


def _text(path: Path) -> str:
    return path.read_text()


def _in(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_what_was_unpacked_or_pulled_can_go_and_come_again(tmp_path: Path) -> None:
    """What is there anyway is the machine's, and pinned."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "file").write_text("12345")
    (tmp_path / "root" / "same").hardlink_to(tmp_path / "root" / "file")
    packed = layout(tmp_path / "layout", {}, layer(etc__a="one"))
    pulled = Image("pulled", directory=str(tmp_path / "root"), pull=Pull())
    unpacked_in = tmp_path / "images"
    tasks: list[asyncio.Future[Any]] = []

    def task(work: Awaitable[Any]) -> Any:
        tasks.append(asyncio.ensure_future(work))
        return tasks[-1]

    shelf = ImageShelf([packed, pulled], lambda: unpacked_in, task)
    assert _told(shelf) == {"machine": (0, True), "web": (0, True)}
    await shelf.take(pulled)
    first = await shelf.unpacked(packed)
    assert _told(shelf) == {"machine": (0, True), "web": (3, False), "pulled": (5, False)}
    assert shelf.named(["web:1", "none", "docker.io/library/web"]) == {"web"}
    assert _text(Path(first.directory, "etc", "a")) == "one"
    shelf.remove("web")
    shelf.remove("pulled")
    assert not shelf.has(pulled)
    second = await shelf.unpacked(packed)
    assert _text(Path(second.directory, "etc", "a")) == "one"
    await asyncio.gather(*tasks)
    assert [each.name for each in _in(unpacked_in)] == [Path(second.directory).name]
    assert _text(tmp_path / "root" / "file") == "12345"


async def test_a_layout_that_was_mended_is_unpacked(tmp_path: Path) -> None:
    """What failed once is tried anew."""
    packed = layout(tmp_path / "layout", {}, layer(a="one"))
    index = tmp_path / "layout" / "index.json"
    good = index.read_text()
    index.write_text("{}")
    shelf = ImageShelf([packed], lambda: tmp_path / "images", asyncio.ensure_future)
    with pytest.raises(InvalidImage):
        await shelf.unpacked(packed)
    index.write_text(good)
    assert _text(Path((await shelf.unpacked(packed)).directory, "a")) == "one"


def test_an_image_is_in_use_as_long_as_its_container_is_known() -> None:
    """Also when that has ended; one that is taken away is pulled again."""
    image = Image("app", entrypoint=("true",), pull=Pull())

    async def work(machine: Machine) -> None:
        machine.start(pod_of(image="app"))
        await machine.exited()
        assert machine.runtime.images_in_use() == {"app"}
        assert {each.id for each in machine.runtime.images()} == {"app", "machine"}
        machine.runtime.remove("uid-web")
        assert machine.runtime.images_in_use() == set()
        machine.runtime.remove_image("app")
        assert {each.id for each in machine.runtime.images()} == {"machine"}

    on_machine(work, image)
