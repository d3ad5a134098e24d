"""The image table: which name means which image."""

from pathlib import Path

import pytest

from orchestrator.kubelet.runtimes.process import (
    Image,
    ImageTable,
    InvalidImage,
    image_of,
    images_of,
)
from orchestrator.kubelet.runtimes.process.images import command_of


@pytest.mark.parametrize(
    ("name", "asked", "found"),
    [
        ("nginx", "nginx", True),
        ("nginx", "nginx:1.27", True),
        ("nginx", "docker.io/library/nginx:1.27", True),
        ("nginx:1.27", "nginx:1.27", True),
        ("nginx:1.27", "nginx", False),
        ("nginx:1.27", "nginx:1.28", False),
        ("nginx", f"nginx@sha256:{'0' * 64}", True),
        ("nginx:1.27", f"nginx:1.27@sha256:{'0' * 64}", True),
        ("agnhost", "registry.k8s.io/e2e-test-images/agnhost:2.59", True),
        ("agnhost:2.59", "registry.k8s.io/e2e-test-images/agnhost:2.59", True),
        ("agnhost:2.59", "registry.k8s.io/e2e-test-images/agnhost:2.60", False),
        ("registry.k8s.io/agnhost", "registry.k8s.io/agnhost:2.59", True),
        ("registry.k8s.io/agnhost:2.59", "registry.k8s.io/e2e/agnhost:2.59", False),
        ("registry.k8s.io/agnhost", "agnhost", False),
        ("registry:5000/shop/web", "registry:5000/shop/web:2", True),
        ("alpine", "invalid.registry.k8s.io/invalid/alpine:3.1", False),
        ("other", "machine", True),
    ],
)
def test_names_are_matched_whole_then_without_tag(name: str, asked: str, found: bool) -> None:
    """A table's name stands for its tags, or for one; without registry and path, for any of them."""
    assert (ImageTable([Image(name)]).find(asked) is not None) is found


def test_more_exact_name_comes_first() -> None:
    """An image with a tag wins over the same without one."""
    table = ImageTable([Image("web", cmd=("any",)), Image("web:2", cmd=("two",))])
    assert [image.cmd for tag in "12" if (image := table.find(f"web:{tag}"))] == [
        ("any",),
        ("two",),
    ]


def test_option_means_a_directory_or_a_command(tmp_path: Path) -> None:
    """What is a directory is the image's root, and everything else a command line of the machine's."""
    assert image_of(f"web={tmp_path}").directory == str(tmp_path)
    program = "print(1)\n" * 50
    assert image_of(f"web=python3 -c '{program}'").entrypoint == ("python3", "-c", program)
    assert image_of("web=python3 -m http.server '8 080'").entrypoint == (
        *("python3", "-m", "http.server"),
        "8 080",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web", "expected NAME=DIRECTORY or NAME=COMMAND, got 'web'"),
        ("=true", "expected NAME=DIRECTORY"),
        ("web=sh -c 'x", "image 'web': No closing quotation"),
        ("web=/no/such/", "image 'web': /no/such/ is no directory"),
    ],
)
def test_option_that_is_none_says_what_would_be_right(text: str, said: str) -> None:
    """Each mistake has its words."""
    with pytest.raises(InvalidImage, match=said):
        image_of(text)


def test_table_refuses_what_no_image_can_be() -> None:
    """Names that no image can have and directories that are not there are refused when the table is made."""
    with pytest.raises(InvalidImage, match="must be lowercase"):
        ImageTable([Image("Web")])
    with pytest.raises(InvalidImage, match="/no/such is no directory"):
        ImageTable([Image("web", directory="/no/such")])


def test_file_names_what_it_does_not_know() -> None:
    """A field that is none is named with its place."""
    with pytest.raises(InvalidImage, match=r"unknown field `entry` - at `\$.images\[0\]`"):
        images_of({"images": [{"name": "web", "entry": "x"}]}, ".")
    [image] = images_of({"images": [{"name": "web", "cmd": "a 'b c'", "directory": "x"}]}, "/srv")
    assert (image.cmd, image.directory) == (("a", "b c"), "/srv/x")


def test_containers_command_comes_before_the_images() -> None:
    """A command replaces entry point and arguments of the image, arguments only its arguments."""
    image = Image("web", entrypoint=("a",), cmd=("b",))
    assert command_of(image, (), ()) == ("a", "b")
    assert command_of(image, (), ("c",)) == ("a", "c")
    assert command_of(image, ("d",), ()) == ("d",)
    assert command_of(image, ("d",), ("c",)) == ("d", "c")
