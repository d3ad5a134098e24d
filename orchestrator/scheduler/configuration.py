"""What a scheduler is made from: its profiles and its queue's times."""

from typing import Final

from msgspec import Struct

from orchestrator.scheduler.errors import InvalidProfile
from orchestrator.scheduler.extenders import Extender
from orchestrator.scheduler.plugins import DEFAULT_PROFILE
from orchestrator.scheduler.profile import Profile


class SchedulerConfiguration(Struct, frozen=True):
    """Profiles by scheduler name, and how long pods that failed stay back. Raises InvalidProfile."""

    profiles: tuple[Profile, ...] = (DEFAULT_PROFILE,)
    initial_backoff_seconds: float = 1.0
    max_backoff_seconds: float = 10.0
    extenders: tuple[Extender, ...] = ()

    def __post_init__(self) -> None:
        names = [profile.scheduler_name for profile in self.profiles]
        if not names:
            raise InvalidProfile("a scheduler needs a profile")
        for name in names:
            if names.count(name) > 1:
                raise InvalidProfile(f"two profiles have the scheduler name {name!r}")
        if not 0 < self.initial_backoff_seconds <= self.max_backoff_seconds:
            raise InvalidProfile(
                f"pods cannot stay back {self.initial_backoff_seconds:g} s at first and "
                f"{self.max_backoff_seconds:g} s at most"
            )


DEFAULT_CONFIGURATION: Final = SchedulerConfiguration()
