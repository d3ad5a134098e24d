"""Samples: few, and where something happens."""

import numpy as np

from orchestrator.scenario.measures.samples import MOST, Sample, Samples


class Moments:
    """What a run that is told its time and revision shows to `Samples`."""

    def __init__(self) -> None:
        self.seconds, self.revision = 0.0, 0
        self.values: dict[str, float] = {}
        self.samples = Samples(self._take)

    def _take(self) -> Sample:
        return Sample(
            virtual_seconds=self.seconds,
            wall_seconds=0.0,
            revision=self.revision,
            digest="",
            values=dict(self.values),
            shares=np.zeros((0, 0), dtype=np.float16),
        )

    def pass_time(self, seconds: float) -> None:
        """As the run does: a sample whenever it is due."""
        until = self.seconds + seconds
        while self.seconds < until:
            self.samples.add()
            self.seconds += self.samples.every_seconds

    def write(self, revisions: int) -> None:
        """Within one moment."""
        for _ in range(revisions):
            self.revision += 1
            self.samples.revision(self.revision)


def test_what_happens_in_a_moment_of_a_long_run_is_seen() -> None:
    """However long nothing happens before and after it, and however much happens."""
    run = Moments()
    run.pass_time(3600)
    run.write(20_000)
    burst = run.seconds
    run.pass_time(86_400)
    series = run.samples.series()
    assert sum(second == burst for second in series.virtual_seconds) > MOST / 4
    assert sum(second != burst for second in series.virtual_seconds) > MOST / 4
    assert len(series.revisions) <= 2 * MOST
    assert list(series.revisions) == sorted(series.revisions)


def test_a_mean_is_over_the_time_that_something_was_there() -> None:
    run = Moments()
    run.samples.add()
    run.values = {"late": 0.5}
    run.seconds = 10
    run.samples.add()
    run.values = {"late": 1.0}
    run.seconds = 20
    run.samples.add()
    run.values = {}
    run.seconds = 30
    run.samples.add()
    assert run.samples.mean("late") == 0.75
    assert run.samples.mean("never") == 0.0
    assert run.samples.series().columns["late"] == (None, 0.5, 1.0, None)
