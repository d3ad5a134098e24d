"""Types of the command line's parameters, as click's versions before 8.4 have them, too."""

from typing import TYPE_CHECKING, TypeAlias

import click

# Only later versions say at run time what a parameter becomes.
if TYPE_CHECKING:
    TextType: TypeAlias = click.ParamType[str]
    TextsType: TypeAlias = click.ParamType[tuple[str, ...]]
    AddressType: TypeAlias = click.ParamType[tuple[str, int]]
    SwitchType: TypeAlias = click.ParamType[dict[str, bool]]
else:
    TextType = TextsType = AddressType = SwitchType = click.ParamType
