"""The actors that play in many tests."""

from msgspec import Struct

from actors import Actor, Request


class Note(Struct, frozen=True):
    """A message."""

    text: str


class Loud(Note, frozen=True):
    """A message of a subclass."""


class Fail(Struct, frozen=True):
    """Makes an actor fail."""

    text: str = "told to fail"


class GetNotes(Request[tuple[str, ...]], frozen=True):
    """Answer the texts of the notes that came."""


class Recorder(Actor):
    """Keeps what it hears; what it keeps is lost when it fails."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def on_note(self, message: Note) -> None:
        """Keep it."""
        self.notes.append(message.text)

    def on_fail(self, message: Fail) -> None:
        """Fail."""
        raise RuntimeError(message.text)

    def on_get_notes(self, message: GetNotes) -> tuple[str, ...]:
        """Answer."""
        return tuple(self.notes)
