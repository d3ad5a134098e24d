"""`python -m orchestrator`: the command line."""

from orchestrator.cli import command_line

if __name__ == "__main__":
    command_line()
