"""Delete: at once, after a grace period, or when the last finalizer is gone.

A deletion first decides how long the object may go on (pods), then which finalizers the
propagation policy asks for; an object that nothing holds is removed.
"""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.apiserver import errors
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Commit, Decision, Draft, Step
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.machinery.times import LATEST, format_time, parse_time
from orchestrator.protocol import Delete, Deleted, PropagationPolicy
from orchestrator.store import Change

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"


def check_preconditions(course: Course) -> tuple[Step, ...]:
    """The deletion means this object, in this state. Errors: Conflict."""
    stored = course.served.stored  # whose kind Kubernetes names, whatever version is asked for

    def step(_env: Environment, draft: Draft) -> None:
        message, metadata = draft.message, draft.old.metadata
        if message.uid is not None and message.uid != metadata.uid:
            raise errors.uid_differs(stored, draft.name, message.uid, metadata.uid)
        version = message.resource_version
        if version is not None and version != metadata.resource_version:
            raise errors.revision_differs(stored, draft.name, version, metadata.resource_version)

    return (step,)


def answer_again(course: Course) -> tuple[Step, ...]:
    """What is on its way already, and not to go sooner, is answered as it is; nobody is asked about it."""
    served = course.served

    def step(_env: Environment, draft: Draft) -> Decision:
        stored = draft.old if draft.stored is None else draft.stored
        is_settled = draft.old.metadata.deletion_timestamp is not None and _is_settled(
            served, draft.message, draft.old
        )
        return Deleted(served.to_version(stored), gone=False) if is_settled else None

    return (step,)


def end(course: Course) -> tuple[Step, ...]:
    """What the deletion makes of the object, and whether nothing holds it any more."""
    served = course.served

    def step(env: Environment, draft: Draft) -> None:
        draft.new, draft.gone = deleted_state(env, served, draft.message, draft.old)

    return (step,)


def commit_deletion(course: Course) -> tuple[Step, ...]:
    """Write the end down, or remove the object; answers `Deleted`."""
    bucket, to_version = course.served.bucket, course.served.to_version

    def step(_env: Environment, draft: Draft) -> Decision:
        new, old, gone = draft.new, draft.old, draft.gone
        if draft.message.dry_run or (new is old and not gone):
            return Deleted(to_version(new), gone)

        def reply(change: Change) -> Deleted:
            last = change.object
            if gone and last.metadata.finalizers != old.metadata.finalizers:
                # What held it is taken off only to remove it, and is shown as it was.
                metadata = replace(last.metadata, finalizers=old.metadata.finalizers)
                last = replace(last, metadata=metadata)
            return Deleted(to_version(last), gone)

        return Commit(bucket, draft.namespace, draft.name, new, old, delete=gone, reply=reply)

    return (step,)


def deleted_state(
    env: Environment, served: Served, message: Delete, present: Any
) -> tuple[Any, bool]:
    """The object as the deletion leaves it (itself when there is nothing to change), and whether
    nothing holds it any more.
    """
    changes: dict[str, Any] = {}
    seconds = served.strategy.grace_seconds(present, message.grace_period_seconds)
    metadata = present.metadata
    ending = metadata.deletion_timestamp is not None
    if ending and _is_settled(served, message, present):
        return present, False
    finalizers = _finalizers(served, message.propagation_policy, metadata.finalizers)
    if finalizers != metadata.finalizers:
        changes["finalizers"] = finalizers
    held = bool(finalizers) or served.strategy.is_held(present)
    if seconds is None:
        if held and not ending:
            changes |= {"deletion_timestamp": env.time(), "deletion_grace_period_seconds": 0}
    else:
        changes |= _ending(env, metadata, seconds)
    if "deletion_timestamp" in changes and not ending and metadata.generation:
        changes["generation"] = metadata.generation + 1
    changes = {name: value for name, value in changes.items() if value != getattr(metadata, name)}
    last = replace(present, metadata=replace(metadata, **changes)) if changes else present
    if held and not ending:
        last = served.strategy.mark_ending(last)
    return last, not held and not seconds


def _is_settled(served: Served, message: Delete, present: Any) -> bool:
    """Whether a deletion changes nothing of an object that is ending."""
    strategy = served.strategy
    if strategy.ends_once and strategy.is_held(present):
        return True
    seconds = strategy.grace_seconds(present, message.grace_period_seconds)
    return seconds is not None and not _shortens(present.metadata, seconds, message)


def _shortens(metadata: Any, seconds: int, message: Delete) -> bool:
    """Whether a second delete makes an end come sooner; one that does not say when does not."""
    left = metadata.deletion_grace_period_seconds
    return left is None or (message.grace_period_seconds is not None and seconds < left)


def _ending(env: Environment, metadata: Any, seconds: int) -> dict[str, Any]:
    """The end, counted from now or from the moment of the first delete."""
    begun = env.now()
    if metadata.deletion_timestamp is not None:
        before = metadata.deletion_grace_period_seconds or 0
        # Below zero: the end was moved to the latest time there is, and says nothing of its begin.
        begun = max(parse_time(metadata.deletion_timestamp) - before, 0) or begun
    return {
        "deletion_timestamp": format_time(min(begun + seconds, LATEST)),
        "deletion_grace_period_seconds": seconds,
    }


def _finalizers(
    served: Served, policy: PropagationPolicy, present: tuple[str, ...]
) -> tuple[str, ...]:
    """The finalizers by which the garbage collector learns what to do with dependents."""
    if not served.strategy.traits.collected:
        return present
    if policy == "Orphan":
        wanted = ORPHAN
    elif policy == "Foreground":
        wanted = FOREGROUND
    elif policy == "Background":
        wanted = ""
    elif ORPHAN in present:
        wanted = ORPHAN
    elif FOREGROUND in present:
        wanted = FOREGROUND
    else:
        wanted = ORPHAN if served.strategy.traits.propagation == "Orphan" else ""
    if wanted in present and not (wanted == ORPHAN and FOREGROUND in present):
        return present
    kept = tuple(each for each in present if each not in (ORPHAN, FOREGROUND))
    return (*kept, wanted) if wanted else kept
