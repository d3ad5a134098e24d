"""What goes wrong with an allocation, by what the caller does next."""

from orchestrator.scheduler.errors import SchedulerFault


class AllocationFault(SchedulerFault):
    """A claim, a class or a slice is wrong, on whatever node: the attempt for the pod ends."""


class InvalidPools(SchedulerFault):
    """Nothing was found on a node, and what its drivers publish is not to be believed."""


class TooManyDevices(Exception):
    """A branch of the search would give a claim more devices than a claim may have."""
