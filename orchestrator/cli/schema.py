"""`orchestrator schema`: the JSON Schema of scenario files, for editors."""

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    import msgspec  # late: `orchestrator --help` needs none of it

    from orchestrator.scenario.language.schema import scenario_schema

    text = msgspec.json.format(msgspec.json.encode(scenario_schema()), indent=2)
    click.echo(text.decode())
