"""A scenario on the command line: a file, or the name of a shipped one; the shell completes both."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem


class ScenarioPath(click.Path):
    """The path of a scenario file. As a completion it also offers the shipped ones' names."""

    name = "scenario"

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Files as the shell finds them, and the names that begin so. Files come first, since bash's script
        forgets what came before them.
        """
        from orchestrator.scenario.shipped import shipped_scenarios  # late: only a shell asks

        files = super().shell_complete(ctx, param, incomplete)
        return files + [
            CompletionItem(name) for name in shipped_scenarios() if name.startswith(incomplete)
        ]
