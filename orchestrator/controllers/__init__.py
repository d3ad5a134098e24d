"""The controllers, one file each, and the manager that runs them.

A controller watches the API server and brings what is nearer to what is asked. `pods.py` is what
several of them ask of a pod. To add one: write its file, and a line in `CONTROLLERS`.
"""

from typing import Final

from orchestrator.client import Controller
from orchestrator.controllers.deployment import DeploymentController
from orchestrator.controllers.manager import ControllerManager
from orchestrator.controllers.replicaset import ReplicaSetController

CONTROLLERS: Final[tuple[type[Controller], ...]] = (
    DeploymentController,
    ReplicaSetController,
)

__all__ = ["CONTROLLERS", "ControllerManager"]
