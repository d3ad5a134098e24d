"""`status`: what is observed, written apart from what is wanted.

The whole object is read and answered, its status alone is written.
"""

from typing import Final

from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.pipeline.verbs import APPLY_STATUS, PATCH_STATUS, UPDATE_STATUS

STATUS: Final = Part(writes={"update": UPDATE_STATUS, "patch": PATCH_STATUS, "apply": APPLY_STATUS})
