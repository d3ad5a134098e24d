"""What `--set` gives a scenario."""

from orchestrator.cli.errors import InputError


def settings_of(settings: tuple[str, ...]) -> dict[str, str]:
    """The parameters that `--set NAME=VALUE` gives. Raises InputError."""
    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise InputError(f'--set expects NAME=VALUE such as nodes=100, got "{setting}"')
        found[name.strip()] = value
    return found
