"""Draws a page while it is wanted: that takes seconds, and Ctrl-C must not wait for them."""

import threading
from collections.abc import Callable
from typing import Final

_LOOK_SECONDS: Final = 0.05


def draw_while(wanted: Callable[[], bool], render: Callable[[], str]) -> str | None:
    """The page that `render` answers; None as soon as it is not `wanted`, before or meanwhile.

    It is drawn in a thread, which is left to itself then, for neither a signal nor an exception can leave a
    library in the midst of a picture as it should be. Raises what `render` raises.
    """
    if not wanted():
        return None
    drawn: list[str] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            drawn.append(render())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="page", daemon=True)
    thread.start()
    while thread.is_alive():
        if not wanted():
            return None
        thread.join(_LOOK_SECONDS)
    if failed:
        raise failed[0]
    return drawn[0]
