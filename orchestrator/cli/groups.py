"""Options that belong together: a command gets them as one mapping, and another file makes sense of it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def grouped(name: str, group: Sequence[Any]) -> Callable[[F], F]:
    """A decorator: the command has these click options, whose values it gets as the argument `name`."""

    def decorate(command: F) -> F:
        names = [each for option in group for each in _names(option)]

        def called(**given: Any) -> Any:
            mine = {each: given.pop(each) for each in names}
            return command(**{name: mine}, **given)

        called.__doc__, called.__name__ = command.__doc__, command.__name__
        called.__click_params__ = list(getattr(command, "__click_params__", ()))  # type: ignore[attr-defined]
        decorated: Any = called
        for each in reversed(group):
            decorated = each(decorated)
        result: F = decorated
        return result

    return decorate


def _names(option: Any) -> list[str]:
    def nothing() -> None:
        """What the options are put on to be read."""

    return [each.name for each in option(nothing).__click_params__]
