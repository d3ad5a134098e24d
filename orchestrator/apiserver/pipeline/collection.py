"""The deletion of a collection: as many writes as there are objects, and one answer."""

from collections.abc import Callable, Sequence
from typing import Any

from orchestrator.apiserver.pipeline.attempt import Attempt
from orchestrator.protocol import Delete, DeleteCollection, NotFound, Page


class CollectionAttempt:
    """The deletions of a collection: one request, whose end is that of the last deletion.

    Its answer is the objects as they were listed, whatever became of them.
    """

    def __init__(self, attempts: Sequence[Attempt], answer: Page) -> None:
        self.answer = answer
        self._attempts = attempts
        self._waiting = 0
        self.on_end: Callable[[Any, Exception | None], None] | None = None

    def run(self) -> None:
        """Delete each object; what a slow store has not answered yet is waited for."""
        for attempt in self._attempts:
            attempt.run()
            if not attempt.ended:
                self._waiting += 1
                attempt.on_end = self._one_ended

    def _one_ended(self, _answer: Any, _error: Exception | None) -> None:
        self._waiting -= 1
        if not self._waiting and self.on_end is not None:
            error = self.error
            self.on_end(self.answer if error is None else None, error)

    @property
    def ended(self) -> bool:
        """Whether every deletion has its outcome."""
        return not self._waiting

    @property
    def error(self) -> Exception | None:
        """The first real failure: an object that is gone already is none."""
        failures = (attempt.error for attempt in self._attempts if attempt.error is not None)
        return next((error for error in failures if not isinstance(error, NotFound)), None)


def deletion_of(message: DeleteCollection, chosen: Any) -> Delete:
    """The deletion of one object of a collection."""
    return Delete(
        resource=message.resource,
        name=chosen.metadata.name,
        namespace=chosen.metadata.namespace,
        grace_period_seconds=message.grace_period_seconds,
        propagation_policy=message.propagation_policy,
        uid=chosen.metadata.uid if message.uid is None else message.uid,
        resource_version=message.resource_version,
        dry_run=message.dry_run,
        collected=True,
        identity=message.identity,
        warn=message.warn,
        annotate=message.annotate,
    )
