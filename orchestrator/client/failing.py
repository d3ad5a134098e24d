"""What a reconcile that fails is said to be, and whether anybody has to hear of it."""

from math import isnan
from typing import Any

from actors import NoReply
from orchestrator.client.cache import Key
from orchestrator.client.errors import PermanentError, TemporaryError
from orchestrator.protocol import ApiError


class WrongAnswer(TypeError):
    """`reconcile` answered what says no time."""

    def __init__(self, name: str, answer: object) -> None:
        super().__init__(
            f"{name}.reconcile answered {answer!r}: the seconds after which to look again are "
            "expected, or None"
        )


def check_answer(name: str, answer: object) -> None:
    """Whether what the controller `name` answered is a number of seconds, or None. Raises WrongAnswer."""
    if answer is not None and (
        isinstance(answer, bool) or not isinstance(answer, int | float) or isnan(answer)
    ):
        raise WrongAnswer(name, answer)


def is_loud(error: Exception, refusals: tuple[type[ApiError], ...]) -> bool:
    """Whether a failure is logged: all but what the API server refuses, of which only these `refusals` are.

    What else it refuses (a conflict, what is gone) is a controller's daily life, as an answer is that
    does not come.
    """
    return not isinstance(error, ApiError | NoReply) or isinstance(error, refusals)


def described(error: Exception, name: str, key: Key) -> dict[str, Any]:
    """The fields of the log's line: the traceback, too, of errors that nobody meant."""
    known = isinstance(error, TemporaryError | PermanentError | ApiError)
    return {
        "controller": name,
        "key": "/".join(part for part in key if part),
        "error": f"{type(error).__name__}: {error}",
        "exc_info": error.with_traceback(None) if known else error,
    }
