"""What goes wrong with a controller.

    InvalidController (a Refusal and a TypeError)  the class cannot run as it is: correct it
    TemporaryError     raised by `reconcile`: look at the key again after so many seconds
    PermanentError     raised by `reconcile`: nothing to do before the object changes
    NotInStep          a cache that was asked for the first time is being filled

What the API server refuses is a `protocol.ApiError`.
"""

from actors import Refusal


class InvalidController(Refusal, TypeError):
    """A controller that cannot run: `controller` names it, the message says what is wrong."""

    def __init__(self, controller: str, message: str) -> None:
        super().__init__(f"{controller}: {message}")
        self.controller = controller


class TemporaryError(Exception):
    """Raised in `reconcile`: the key is looked at again after `seconds`.

    It counts as a failure, but does not lengthen the key's back-off, and its log line has no traceback.
    """

    def __init__(self, message: str, seconds: float = 60.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class PermanentError(Exception):
    """Raised in `reconcile`: trying again is useless until something that is watched changes."""


class NotInStep(Exception):
    """A cache holds nothing yet; the reconcile that asked for it runs again when it does."""

    def __init__(self, resource: str) -> None:
        super().__init__(f"the cache of {resource} is being filled")
        self.resource = resource
