"""Deployments: one ReplicaSet for each pod template, and a rollout from one to the next.

`replica_sets.py` finds and makes the sets, `rolling.py` is the arithmetic of a rolling update,
`status.py` the conditions, `controller.py` the shell.
"""

from orchestrator.controllers.deployment.controller import DeploymentController

__all__ = ["DeploymentController"]
