"""The scenarios of all controllers."""

from typing import Final

from tests.crashes.keepers import KEEPERS
from tests.crashes.surroundings import SURROUNDINGS
from tests.crashes.workloads import WORKLOADS, Scenario, Step

SCENARIOS: Final = (*WORKLOADS, *SURROUNDINGS, *KEEPERS)

__all__ = ["SCENARIOS", "Scenario", "Step"]
