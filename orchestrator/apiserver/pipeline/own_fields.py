"""The place of `metadata.managedFields` among the steps: after all that may change the object.

Which manager writes, `message.field_manager` says. No manager's fields are recorded yet, so no write
has this step.
"""

from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Step


def own_fields(course: Course) -> tuple[Step, ...]:
    """Record which manager owns which fields."""
    return ()
