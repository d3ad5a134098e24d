"""What is wrong with a scenario file, or with a step of its run."""


class ScenarioError(ValueError):
    """`file:line: path: what would be right`; `line` is 0 when it is not known."""

    def __init__(self, file: str, line: int, path: str, message: str) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {path}: {message}" if path else f"{where}: {message}")
        self.file = file
        self.line = line
        self.path = path
        self.message = message


class StepFailed(Exception):
    """A step could not be done; says why."""
