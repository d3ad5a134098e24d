"""The runtime's errors, divided by what the caller does next.

ActorError
├── Refusal            a reply: the request was understood and refused; do not send it again
├── NoReply            the request may or may not have had its effect: look, then try again
│   ├── AskTimeout
│   ├── ActorStopped
│   └── ActorCrashed
├── MailboxFull        wait (`send`), or drop
├── Deadlock           nobody can ever run again: a fault of the program
└── Misuse             a fault of the program: wrong handler, name taken, ...
"""


class ActorError(Exception):
    """Base of everything that the runtime raises."""


class Refusal(ActorError):
    """Raised by the handler of a `Request`: becomes the asker's exception; the actor lives on."""


class NoReply(ActorError):
    """The request got no answer; whether it had its effect is unknown."""


class AskTimeout(NoReply):
    """The deadline passed. `target` is the actor's path, `request` the message's type name."""

    def __init__(self, target: str, request: str, seconds: float) -> None:
        super().__init__(f"{target} did not answer {request} within {seconds:g} s")
        self.target = target
        self.request = request
        self.seconds = seconds


class ActorStopped(NoReply):
    """The actor asked has stopped, or stopped before it answered."""

    def __init__(self, target: str) -> None:
        super().__init__(f"{target} has stopped")
        self.target = target


class ActorCrashed(NoReply):
    """The handler of the request raised something else than a Refusal."""

    def __init__(self, target: str, cause: BaseException) -> None:
        super().__init__(f"{target} crashed: {cause!r}")
        self.target = target
        self.__cause__ = cause


class MailboxFull(ActorError):
    """The mailbox's bound is reached and its policy is to fail the sender."""

    def __init__(self, target: str, capacity: int) -> None:
        super().__init__(f"the mailbox of {target} is full ({capacity} messages)")
        self.target = target
        self.capacity = capacity


class Deadlock(ActorError):
    """In virtual time: no actor is ready, no timer is set, no I/O is open, and tasks wait."""


class Misuse(ActorError):
    """The program asks for what cannot be: an unknown handler type, a name that is taken."""
