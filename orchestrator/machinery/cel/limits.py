"""What an expression may cost when it is evaluated."""

from typing import Final

COST_EXCEEDED: Final = "operation cancelled: actual cost limit exceeded"
"""What is said of an evaluation that was ended because it took too long."""
