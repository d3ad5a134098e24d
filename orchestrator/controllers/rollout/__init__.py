"""The history of a pod template: what StatefulSets and DaemonSets roll out, and roll back to.

Each template that such an object has had is kept as a ControllerRevision, numbered in the order in which
it was last asked for. `revisions.py` says what a revision is and which are equal; `history.py` keeps
those of one owner. Does not belong here: which pods go first, which each controller decides for itself.
"""

from orchestrator.controllers.rollout.history import History, Recent
from orchestrator.controllers.rollout.revisions import (
    hash_of_patch,
    hash_of_template,
    template_of,
)

__all__ = ["History", "Recent", "hash_of_patch", "hash_of_template", "template_of"]
