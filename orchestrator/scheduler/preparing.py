"""What plugins want written before a pod is bound: written, waited for, and taken back where it must be."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from actors import Context, NoReply
from orchestrator.client import Client
from orchestrator.machinery.errors import MachineryError
from orchestrator.machinery.times import format_duration
from orchestrator.protocol import ApiError, Patch
from orchestrator.scheduler.errors import PluginError, Rejected
from orchestrator.scheduler.framework import Preparation
from orchestrator.scheduler.reports import FIELD_MANAGER

EFFECT_SECONDS: Final = 1.0
"""Between looks at what was written and is waited for."""

Outcome = Callable[[BaseException | None], None]
"""Called once: without an error when all is written and has had its effect."""


class _Attempt(Struct):
    """The preparations for one pod. `left` is how many writes are under way, below 0 when it has ended."""

    uid: str
    prepared: Sequence[Preparation]
    wanted: Callable[[], bool]
    told: Outcome
    deadline: float
    left: int = 0


class Preparations:
    """Writes with the scheduler's rights."""

    def __init__(self, ctx: Context, client: Client) -> None:
        self._ctx, self._client = ctx, client
        self._under_way: dict[str, _Attempt] = {}  # by the pod's uid

    def start(
        self, uid: str, prepared: Sequence[Preparation], wanted: Callable[[], bool], told: Outcome
    ) -> None:
        """Make all writes for a pod; `wanted` says whether it still waits for them."""
        deadline = self._now() + min(each.timeout_seconds for each in prepared)
        attempt = self._under_way[uid] = _Attempt(uid, prepared, wanted, told, deadline)
        writes = [
            (each.plugin, write)
            for each in prepared
            for write in (*(self._patching(p, each.heard) for p in each.patches), each.write)
            if write is not None
        ]
        attempt.left = len(writes)
        for plugin, write in writes:
            self._ctx.task(self._one(attempt, plugin, write), "prepare")
        if not writes:
            self._look(attempt)

    def preempt(self, uid: str, plugin: str) -> bool:
        """End the preparations for a pod, which has to make room; whether there are any."""
        attempt = self._under_way.get(uid)
        if attempt is None:
            return False
        waits = attempt.prepared[0].at_permit
        words = "waiting on permit for pod: preempted" if waits else f"preempted by {plugin}"
        self._end(attempt, PluginError(plugin, words))
        return True

    def withdraw(self, prepared: Sequence[Preparation]) -> None:
        """The pod is not bound after all: take everything back."""
        for each in prepared:
            failed = taken_back(each)
            if failed:
                self._ctx.log.warning("plugin failed", error=failed)
            if each.withdraw is not None:
                self._ctx.task(self.attempt(each.withdraw), "withdraw")

    async def attempt(self, write: Callable[[Client], Awaitable[None]]) -> None:
        """Write what need not be there: who looks next finds it done or does it again."""
        try:
            await write(self._client)
        except (ApiError, NoReply, PluginError, MachineryError) as error:
            self._ctx.log.debug("not written", error=str(error))
        except Exception as error:  # a plugin's own mistake
            self._ctx.log.warning("plugin failed", error=str(error) or type(error).__name__)

    async def binding(self, plugin: str, write: Callable[[Client], Awaitable[None]]) -> None:
        """Bind a pod as a plugin does. Raises PluginError."""
        try:
            await write(self._client)
        except Exception as error:
            raise _said(plugin, error, "Bind") from error

    def _now(self) -> float:
        return self._ctx.clock.monotonic()

    def _patching(
        self, patch: Patch, heard: Callable[[Any], None] | None
    ) -> Callable[[Client], Awaitable[None]]:
        async def write(client: Client) -> None:
            given = replace(patch, field_manager=FIELD_MANAGER, identity=client.identity)
            written = await client.api.ask(given)
            if heard is not None:
                heard(written)

        return write

    async def _one(
        self, attempt: _Attempt, plugin: str, write: Callable[[Client], Awaitable[None]]
    ) -> None:
        try:
            await write(self._client)
        except Exception as error:
            self._end(attempt, _said(plugin, error))
            return
        attempt.left -= 1
        if attempt.left == 0:
            self._look(attempt)

    def _look(self, attempt: _Attempt) -> None:
        """Go on when what was written has had its effect."""
        if not attempt.wanted():
            self._over(attempt)
            return
        for each in attempt.prepared:
            try:
                done = each.done()
            except Rejected as error:
                self._end(attempt, error)
                return
            except Exception as error:
                self._end(attempt, _said(each.plugin, error))
                return
            if not done:
                break
        else:
            self._over(attempt)
            attempt.told(None)
            return
        if self._now() >= attempt.deadline:
            self._end(attempt, _late(attempt))
        else:
            self._ctx.call_after(EFFECT_SECONDS, partial(self._look, attempt))

    def _end(self, attempt: _Attempt, error: BaseException) -> None:
        if attempt.left < 0:
            return
        self._over(attempt)
        self.withdraw(attempt.prepared)
        attempt.told(error)

    def _over(self, attempt: _Attempt) -> None:
        attempt.left = -1
        if self._under_way.get(attempt.uid) is attempt:
            del self._under_way[attempt.uid]


def taken_back(preparation: Preparation) -> str:
    """Give back what a plugin assumed; answers what it raised, in words."""
    try:
        preparation.undo()
    except Exception as error:
        return str(_said(preparation.plugin, error, "Unreserve"))
    return ""


def _late(attempt: _Attempt) -> Exception:
    """What is said when the time is over."""
    first = attempt.prepared[0]
    if first.at_permit:
        waited = format_duration(first.timeout_seconds)
        words = f"rejected due to timeout after waiting {waited} at plugin {first.plugin}"
        return Rejected(first.plugin, words)
    return TimeoutError("what was written before the binding has had no effect")


def _said(plugin: str, error: Exception, point: str = "PreBind") -> PluginError:
    """What a plugin's write met, in the words of the extension point."""
    words = str(error) or type(error).__name__
    return PluginError(plugin, f'running {point} plugin "{plugin}": {words}')
