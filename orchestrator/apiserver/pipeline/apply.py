"""The place of server-side apply among the writes: a patch whose body is what its manager wants.

Nothing records who owns which field yet, so an apply is refused as a patch of an unknown format.
"""

from typing import NoReturn

from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.patch import unsupported_patch


def apply(course: Course) -> tuple[Step, ...]:
    """The object that an applied configuration makes. Errors: UnsupportedMediaType."""
    kind = course.served.type

    def step(_env: Environment, _draft: Draft) -> NoReturn:
        raise unsupported_patch(kind)

    return (step,)
