"""The options that say what images are in the process runtime."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from orchestrator.cli.errors import InputError
from orchestrator.cli.groups import grouped

if TYPE_CHECKING:
    from orchestrator.kubelet.runtimes.process import Image


_OPTIONS: Final = (
    click.option(
        "--images",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="A YAML file with a list of images for the process runtime.",
    ),
    click.option(
        "--image",
        multiple=True,
        metavar="NAME=DIRECTORY|COMMAND",
        help="What an image is in the process runtime; may be given more than once.",
    ),
)
options = grouped("image_table", _OPTIONS)


def found(given: Mapping[str, Any]) -> "tuple[Image, ...]":
    """The images that the options tell of. Raises InputError."""
    table, singly = given["images"], given["image"]
    if table is None and not singly:
        return ()
    import yaml

    from orchestrator.kubelet.runtimes.process import ImageTable, InvalidImage, image_of, images_of

    images: tuple[Image, ...] = ()
    where = ""
    try:
        if table is not None:
            where = f"{table}: "
            images = images_of(yaml.safe_load(table.read_text()), str(table.parent))
            ImageTable(images)
        where = "--image: "
        images += tuple(image_of(text) for text in singly)
        ImageTable(images)
    except (InvalidImage, yaml.YAMLError, OSError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"{where}{text}") from None
    return images
