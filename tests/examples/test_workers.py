"""The example of workers that are pods."""

from actors import run
from examples import workers


def test_workers_are_supervised_scaled_and_taken_away() -> None:
    """One that fails begins again; five are asked for and come; none is left."""
    workers.done.clear()
    assert run(workers.main) == (1, 5, 0)
    assert len(workers.done) == 5
