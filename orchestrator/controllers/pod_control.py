"""Creating and deleting the pods of an owner, and recording on it how that went."""

from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.api.core.v1 import Pod
from orchestrator.client import Client, EventRecorder
from orchestrator.controllers.base import namespace_ends
from orchestrator.controllers.slow_start import slow_start
from orchestrator.protocol import ApiError, NotFound


async def create_pods(
    client: Client, events: EventRecorder, owner: Any, pods: Sequence[Pod]
) -> None:
    """Create the pods of an owner, and record on it how that went. Raises the first failure.

    That the namespace is going is none: nothing is recorded, and nothing tried again.
    """

    async def attempt(batch: Sequence[Pod]) -> Sequence[object]:
        answers = [each for each in await client.create_all(batch) if not is_farewell(each)]
        for answer in answers if events.enabled else ():
            if isinstance(answer, Pod):
                message = f"Created pod: {answer.metadata.name}"
                events.event(owner, "Normal", "SuccessfulCreate", message)
            elif isinstance(answer, ApiError):
                message = f"Error creating: {answer.message}"
                events.event(owner, "Warning", "FailedCreate", message)
        return answers

    await slow_start(pods, attempt)


async def delete_pods(
    client: Client, events: EventRecorder, owner: Any, pods: Iterable[Pod]
) -> None:
    """Delete the very pods that were seen, and record it. Raises the first failure."""
    for pod in pods:
        metadata = pod.metadata
        try:
            await client.delete(Pod, metadata.name, namespace=metadata.namespace, uid=metadata.uid)
        except NotFound:
            continue
        except ApiError as error:
            events.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
        events.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {metadata.name}")


def is_farewell(answer: object) -> bool:
    """Whether a request was refused because the namespace is going."""
    return isinstance(answer, ApiError) and namespace_ends(answer)
