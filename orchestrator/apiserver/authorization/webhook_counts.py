"""What an authorizer elsewhere was asked, for the metrics."""

from typing import Final, Literal, TypeAlias

from orchestrator.apiserver.telemetry.families import Histogram, Series

Result: TypeAlias = Literal["success", "error", "timeout"]

_PREFIX: Final = "apiserver_authorization_"
_ASKED: Final = ("name", "result")
_CONDITION: Final = ("type", "name")
_TYPE: Final = "Webhook"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CONDITION_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25)


class WebhookCounts:
    """Of all webhooks of one server, by their names."""

    def __init__(self) -> None:
        webhook, condition = f"{_PREFIX}webhook_", f"{_PREFIX}match_condition_"
        self._asked = Series(f"{webhook}evaluations_total", "Questions to webhooks.", _ASKED)
        self._took = Histogram(
            f"{webhook}duration_seconds", "How long a webhook took.", _ASKED, _SECONDS
        )
        self._opened = Series(
            f"{webhook}evaluations_fail_open_total", "Webhooks that failed without effect.", _ASKED
        )
        self._excluded = Series(
            f"{condition}exclusions_total", "Requests that conditions spared a webhook.", _CONDITION
        )
        self._failed = Series(
            f"{condition}evaluation_errors_total", "Conditions without a value.", _CONDITION
        )
        self._conditions = Histogram(
            f"{condition}evaluation_seconds",
            "How long conditions took.",
            _CONDITION,
            _CONDITION_SECONDS,
        )

    def asked(self, name: str, result: Result, seconds: float, *, open_: bool) -> None:
        """A webhook was asked; `open_`: it failed, and has no opinion then."""
        self._asked.add(name, result)
        self._took.observe(seconds, name, result)
        if open_ and result != "success":
            self._opened.add(name, result)

    def conditions(self, name: str, seconds: float, *, holds: bool | None) -> None:
        """Conditions were looked at; None: they have no value."""
        self._conditions.observe(seconds, _TYPE, name)
        if holds is None:
            self._failed.add(_TYPE, name)
        elif not holds:
            self._excluded.add(_TYPE, name)

    def families(self) -> tuple[Series | Histogram, ...]:
        """All of them."""
        conditions = (self._excluded, self._failed, self._conditions)
        return (self._asked, self._took, self._opened, *conditions)
