"""StatefulSets: pods with a name and storage of their own, made and replaced in order.

`identity.py` makes the pod and the claims of an ordinal, `plan.py` decides the next steps, `status.py`
counts, `claims.py` keeps the storage, `controller.py` is the shell.
"""

from orchestrator.controllers.stateful_set.controller import StatefulSetController

__all__ = ["StatefulSetController"]
