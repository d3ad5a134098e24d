"""The option that says what containers are: a runtime of ours, or one that an installed package offers."""

from importlib.metadata import entry_points
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from orchestrator.cli.parameters import TextType

GROUP: Final = "orchestrator.runtimes"
OURS: Final = ("simulated", "coroutine", "process", "cri")


class RuntimeName(TextType):
    """The name of a container runtime: ours, or an entry point of the group `orchestrator.runtimes`."""

    name = "runtime"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is; a usage error that names the runtimes if there is none of it."""
        name = str(value)
        if name not in OURS and name not in (known := _known()):
            self.fail(f"there is no runtime {name!r}; there are {', '.join(known)}", param, ctx)
        return name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The runtimes whose names begin so."""
        return [CompletionItem(name) for name in _known() if name.startswith(incomplete)]


def _known() -> list[str]:
    return [*OURS, *sorted(point.name for point in entry_points(group=GROUP))]
