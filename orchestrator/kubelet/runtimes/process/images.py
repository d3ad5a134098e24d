"""The image table of a node: which directory or command line of the machine plays which image.

    images:
    - name: nginx                       # any tag; nginx:1.27 is that one alone
      directory: /srv/images/nginx      # a root directory, or one in OCI layout
      cmd: [nginx, -g, daemon off;]
    - name: registry.example/shop/web:2
      entrypoint: python3 /srv/web.py   # without a directory the root is the machine's own
      env: {MODE: test}
      user: "1000:1000"
      workingDir: /srv
      pull: {seconds: 2}                # it has to be pulled first; or {fault: "unauthorized"}

A name is matched whole, then without its tag; one without a registry and a path (`agnhost:2.59`, `agnhost`) stands
for that repository of any registry. What has no name in the table cannot be pulled.
"""

import shlex
import signal
from collections.abc import Iterable, Iterator, Mapping
from os.path import isdir
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from orchestrator.kubelet.image_names import full_name, name_fault
from orchestrator.kubelet.runtimes.images import failing_pull

MACHINE: Final = (
    "machine"  # the name of the image that every table has: the machine, and no command
)
_OCI_MARK: Final = "oci-layout"


class InvalidImage(ValueError):
    """An image's description is none; the text says where and what would be right."""


class Pull(Struct, frozen=True, forbid_unknown_fields=True):
    """How an image that is not on the node comes to it: after so many seconds, or never, because of a fault."""

    seconds: float = 0.0
    fault: str = ""


class Image(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An image. Without a `directory` its root is the machine's own."""

    name: str
    directory: str = ""
    entrypoint: tuple[str, ...] | str = ()
    cmd: tuple[str, ...] | str = ()
    environment: Mapping[str, str] = field(default_factory=dict, name="env")
    user: str = ""
    working_directory: str = field(default="", name="workingDir")
    stop_signal: str = ""
    pull: Pull | None = None  # None: it is on the node

    @property
    def layered(self) -> bool:
        """Whether its directory is in OCI layout."""
        return bool(self.directory) and (Path(self.directory) / _OCI_MARK).is_file()

    @property
    def signal(self) -> int:
        """The signal that ends its containers politely, which is named as SIGQUIT or 3; SIGTERM if none is."""
        if self.stop_signal.isdecimal():
            return int(self.stop_signal)
        return int(getattr(signal, self.stop_signal, signal.SIGTERM))


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    images: tuple[Image, ...] = ()


class ImageTable:
    """The images of a node. Raises InvalidImage for a name that no image can have, or a directory that is none."""

    def __init__(self, images: Iterable[Image] = ()) -> None:
        self._whole: dict[str, Image] = {}
        self._short: dict[
            str, Image
        ] = {}  # by the last part of the repository, with or without tag
        for image in (Image(MACHINE), *images):
            self._add(image)

    def _add(self, image: Image) -> None:
        fault = name_fault(image.name)
        if not image.name or fault:
            raise InvalidImage(f"image {image.name!r}: {fault or 'a name is missing'}")
        if image.directory and not Path(image.directory).is_dir():
            raise InvalidImage(f"image {image.name!r}: {image.directory} is no directory")
        if "/" not in image.name:
            self._short[image.name] = image
        name = full_name(image.name)
        tagged = image.name.rpartition("/")[2]
        self._whole[name if ":" in tagged or "@" in tagged else _untagged(name)] = image

    def find(self, name: str) -> Image | None:
        """The image that a container means by `name`; None if there is none."""
        if failing_pull(name):
            return None
        whole = full_name(name).partition("@")[0]
        last = whole.rpartition("/")[2]
        return (
            self._whole.get(whole)
            or self._whole.get(_untagged(whole))
            or self._short.get(last)
            or self._short.get(last.partition(":")[0])
        )

    def __iter__(self) -> Iterator[Image]:
        return iter({id(each): each for each in self._whole.values()}.values())


def _untagged(name: str) -> str:
    repository, slash, last = name.partition("@")[0].rpartition("/")
    return f"{repository}{slash}{last.partition(':')[0]}"


def image_of(text: str) -> Image:
    """The image of `NAME=DIRECTORY|COMMAND`. Raises InvalidImage."""
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise InvalidImage(f"expected NAME=DIRECTORY or NAME=COMMAND, got {text!r}")
    if isdir(value):  # False, too, of a command that is too long for a path
        return Image(name, directory=str(Path(value).resolve()))
    try:
        words = tuple(shlex.split(value))
    except ValueError as error:
        raise InvalidImage(f"image {name!r}: {error}: {value}") from None
    if len(words) == 1 and words[0].endswith("/"):
        raise InvalidImage(f"image {name!r}: {value} is no directory")
    return Image(name, entrypoint=words)


def images_of(data: Any, place: str) -> tuple[Image, ...]:
    """The images of a file's document; directories are relative to `place`. Raises InvalidImage."""
    try:
        found = msgspec.convert(data if data is not None else {}, _File)
    except msgspec.ValidationError as error:
        raise InvalidImage(str(error)) from None
    return tuple(
        msgspec.structs.replace(
            image,
            directory=str((Path(place) / image.directory).resolve()) if image.directory else "",
            entrypoint=_words(image.entrypoint),
            cmd=_words(image.cmd),
        )
        for image in found.images
    )


def _words(said: tuple[str, ...] | str) -> tuple[str, ...]:
    return tuple(shlex.split(said)) if isinstance(said, str) else said


def command_of(
    image: Image, command: tuple[str, ...], arguments: tuple[str, ...]
) -> tuple[str, ...]:
    """What a container of the image executes: its own command comes before the image's."""
    if command:
        return (*command, *arguments)
    return (*_words(image.entrypoint), *(arguments or _words(image.cmd)))
