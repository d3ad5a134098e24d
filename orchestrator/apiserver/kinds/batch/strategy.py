"""Jobs: one without labels has those of its pods."""

from msgspec.structs import replace

from orchestrator.api.batch.v1 import Job
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy


class JobStrategy(Strategy):
    """What is special about jobs."""

    def allocate(self, new: Job, old: Job | None, env: Environment, *, dry_run: bool) -> Job:
        """The labels that the system gave the template count, too."""
        template = new.spec.template if new.spec is not None else None
        labels = template.metadata.labels if template is not None else {}
        if not labels or new.metadata.labels:
            return new
        return replace(new, metadata=replace(new.metadata, labels=labels))
