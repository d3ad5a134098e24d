"""How the API server answers: at once, later, or with an error.

A handler answers, raises, or gives back a write that has not begun. Whatever somebody outside has to say first
(`Unconverted`, `Unanswered`) is asked, and the request taken again. An exception that is no ApiError is a fault of the
server's own, and this request's alone: it is logged under an id, which the asker is told.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from actors import Actor, Deferred
from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.versions import Unconverted
from orchestrator.apiserver.pipeline.attempt import Attempt, Heard
from orchestrator.apiserver.pipeline.collection import CollectionAttempt
from orchestrator.apiserver.pipeline.draft import Effect
from orchestrator.apiserver.pipeline.versions import waiting_for
from orchestrator.apiserver.trouble import ApiFault, ApiTrouble
from orchestrator.apiserver.unanswered import Unanswered
from orchestrator.protocol import ApiError

M = TypeVar("M")


class Answering(Actor):
    """Gives handlers' results back to who asked. `trouble` is what goes wrong on purpose."""

    _env: Environment  # each incarnation has its own

    def __init__(self, trouble: ApiTrouble) -> None:
        self._trouble = trouble

    def _answered(self, handle: Callable[[M], Any], message: M) -> Any:
        """The reply to a request, or the promise of one.

        An exception that is no ApiError is a fault of the server's own, and this request's alone.
        What a failing store raises from `commit` or `flush` is not caught: no later request could
        be answered any better.
        """
        if self._trouble.rules:
            fault = self._trouble.of(message)
            if fault is not None:
                return self._troubled(fault, handle, message)
        try:
            answer = handle(message)
        except (Unconverted, Unanswered) as missing:
            return self._asking(missing, handle, message)
        except Exception as error:
            return self._refused(error, message)
        if type(answer) is not Attempt and type(answer) is not CollectionAttempt:
            return answer
        answer.run()
        if answer.ended:
            why = answer.error
            return answer.answer if why is None else self._refused(why, message)
        deferred = self.ctx.defer()
        answer.on_end = partial(self._end, deferred, message)
        return deferred

    def _troubled(self, fault: ApiFault, handle: Callable[[M], Any], message: M) -> Any:
        """Refuse a request on purpose, or answer it later."""
        if not fault.latency_seconds:
            return self._refused(fault.error(), message)
        deferred = self.ctx.defer()
        self.ctx.call_after(fault.latency_seconds, self._late, deferred, fault, handle, message)
        return deferred

    def _late(
        self, deferred: Deferred[Any], fault: ApiFault, handle: Callable[[M], Any], message: M
    ) -> None:
        if fault.code:
            deferred.fail(fault.error())
            return
        try:
            answer = handle(message)
        except Exception as error:
            deferred.fail(self._as_api_error(error, message))
            return
        self._promise(deferred, message, answer)

    def _asking(
        self, missing: Unconverted | Unanswered, handle: Callable[[M], Any], message: M
    ) -> Deferred[Any]:
        """A request cannot go on before somebody outside has answered: ask, then take it again."""
        deferred = self.ctx.defer()

        def again(error: ApiError | None) -> None:
            if error is not None:
                deferred.fail(error)
                return
            try:
                answer = handle(message)
            except (Unconverted, Unanswered) as more:
                ask(more)
            except Exception as failure:
                deferred.fail(self._as_api_error(failure, message))
            else:
                self._promise(deferred, message, answer)

        def ask(question: Unconverted | Unanswered) -> None:
            wait = waiting_for(self._env, question, again)
            self._perform(wait.effect, lambda result, _error: wait.then(result))

        ask(missing)
        return deferred

    def _promise(self, deferred: Deferred[Any], message: Any, answer: Any) -> None:
        """Reply what a handler has answered, when it is there."""
        if type(answer) is not Attempt and type(answer) is not CollectionAttempt:
            deferred.reply(answer)
            return
        answer.run()
        if answer.ended:
            self._end(deferred, message, answer.answer, answer.error)
        else:
            answer.on_end = partial(self._end, deferred, message)

    def _end(
        self, deferred: Deferred[Any], message: Any, answer: Any, error: Exception | None
    ) -> None:
        """End a request that could not be answered at once."""
        if error is None:
            deferred.reply(answer)
        else:
            deferred.fail(self._as_api_error(error, message))

    def _perform(self, effect: Effect, heard: Heard) -> None:
        """Begin what a write waits for; its result is heard in a turn of this actor."""
        self.ctx.task(self._carry_out(effect, heard), "effect")

    async def _carry_out(self, effect: Effect, heard: Heard) -> None:
        result: Any = None
        error: Exception | None = None
        try:
            result = await effect()
        except Exception as failure:
            error = failure
        self.ctx.call_after(0.0, heard, result, error)

    def _refused(self, error: Exception, message: Any) -> Deferred[Any]:
        """An error as the reply; a message that was told, not asked, has nobody to hear it."""
        deferred = self.ctx.defer()
        deferred.fail(self._as_api_error(error, message))
        return deferred

    def _as_api_error(self, error: Exception, message: Any) -> ApiError:
        """A fault of the server's own is logged under an id, which the asker is told."""
        if isinstance(error, ApiError):
            return error
        fault = self.ctx.uid()
        log = self.ctx.log.bind(id=fault)
        # Each request has its line; the traceback of a fault that comes often is thinned out.
        log.error(
            "request failed",
            request=type(message).__name__,
            resource=message.resource.key,
            namespace=message.namespace,
            name=getattr(message, "name", ""),
            error=type(error).__name__,
        )
        log.error("fault in the server", exc_info=error)
        return errors.internal(error, fault)
