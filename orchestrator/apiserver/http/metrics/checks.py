"""What health checks have found, in the families of `/metrics/slis`."""

from orchestrator.apiserver.telemetry.families import Series


class HealthRecord:
    """What checks have found, for who measures the server's service level by it."""

    def __init__(self) -> None:
        self._last = Series(
            "kubernetes_healthcheck",
            "[STABLE] Whether each check passed when it was last made.",
            ("name", "type"),
            "gauge",
        )
        self._total = Series(
            "kubernetes_healthchecks_total",
            "[STABLE] How often each check was made, by its outcome.",
            ("name", "status", "type"),
        )

    def note(self, kind: str, name: str, passed: bool) -> None:
        """One check was made; `kind` is the page of its checks."""
        self._last.set(float(passed), name, kind)
        self._total.add(name, "success" if passed else "error", kind)

    def families(self) -> tuple[Series, ...]:
        """What `/metrics/slis` shows."""
        return self._last, self._total
