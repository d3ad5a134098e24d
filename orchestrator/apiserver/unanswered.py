"""What a request needs to know from outside of the cluster before it can go on.

Whoever finds that it does raises `Unanswered`. The server puts the question, serves others meanwhile, and
takes the same step, or the same read, again when the answer is there: what raises must have changed nothing.
"""

from collections.abc import Awaitable, Callable


class Unanswered(Exception):
    """Something has to be asked first. `ask` is the effect; whoever raises remembers its answer."""

    def __init__(self, what: str, ask: Callable[[], Awaitable[None]]) -> None:
        super().__init__(what)
        self.ask = ask
