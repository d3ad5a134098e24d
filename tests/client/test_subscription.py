"""A watch that mends itself, by plain values: when it asks again."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import DEFAULT
from orchestrator.client.subscription import Subscription
from orchestrator.protocol import WatchEvents, Watching

_SECONDS = st.integers(0, 10**12).map(lambda n: n / 997e3)  # with every bit of the mantissa in use


class _Context:
    """An actor's context whose timers a test fires."""

    me = None

    def __init__(self, now: float) -> None:
        self.clock = self
        self.now = now
        self.answer: Callable[[Watching], None]
        self.asked = 0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self.now

    def request(self, _api: Any, _request: Any, *, then: Any, failed: Any) -> None:
        self.asked += 1
        self.answer = then

    def call_after(self, seconds: float, function: Callable[[], None]) -> None:
        self.timers.append((self.now + seconds, function))

    def fire(self) -> None:
        """Fire the only timer, at its time."""
        ((self.now, function),) = self.timers
        self.timers.clear()
        function()


@given(_SECONDS, st.floats(0, 179))
def test_silence_is_noticed_by_the_timer_that_is_set_for_it(begun: float, later: float) -> None:
    """However floats round: in virtual time, a timer for this very moment would fire for ever."""
    ctx: Any = _Context(begun)
    watch = Subscription(
        ctx,
        None,  # type: ignore[arg-type]
        DEFAULT.by_type(Pod),
        token="t",
        on_items=lambda items, revision: None,
        on_events=lambda message: None,
    )
    watch.start()
    ctx.answer(Watching(channel=1, sequence=0, revision=1, items=(), bookmark_seconds=60.0))
    ctx.now = begun + later
    watch.deliver(WatchEvents(channel=1, sequence=1, revision=2, events=()))
    for _ in range(3):  # once for the silence before the message, and once for what a sum loses
        ctx.fire()
    assert ctx.asked == 2
