"""What an expression may cost when it is evaluated, in the original's units."""

from typing import Final

PER_CALL: Final = 1_000_000
"""What one evaluation may cost."""

PER_OBJECT: Final = 10_000_000
"""What all rules of an object may cost together, or all expressions of a policy's binding."""

PER_CONDITIONS: Final = 2_500_000
"""What the match conditions of a webhook or a policy may cost together."""

COST_EXCEEDED: Final = "operation cancelled: actual cost limit exceeded"
"""What is said of an evaluation that was ended because it costs too much."""

BUDGET_EXCEEDED: Final = (
    "validation failed due to running out of cost budget, no further validation rules will be run"
)
"""What is said when nothing is left of what all of them may cost together."""
