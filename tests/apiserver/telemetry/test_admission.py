"""What admission counts: late, and as if it had been counted at once."""

from collections.abc import Iterator

from orchestrator.apiserver.telemetry.admission import AdmissionCounts, Asked
from orchestrator.apiserver.telemetry.families import text_of

_PLUGIN = "apiserver_admission_controller_admission_duration_seconds"
_STEP = "apiserver_admission_step_admission_duration_seconds"


def _told(counts: AdmissionCounts, name: str, ending: str = "_count") -> dict[str, str]:
    """The values of a family, by its labels."""
    lines = text_of(counts.families()).splitlines()
    found = (line.rpartition(" ") for line in lines if line.startswith(f"{name}{ending}{{"))
    return {labels.removeprefix(f"{name}{ending}"): value for labels, _, value in found}


def _labels(step: str, *, name: str = "", rejected: str = "false") -> str:
    first = f'name="{name}",' if name else ""
    return f'{{{first}type="{step}",operation="CREATE",rejected="{rejected}"}}'


def _clock(*moments: float) -> Iterator[float]:
    yield from moments


def test_few_writes_and_many_are_all_told() -> None:
    """Whether they have been counted together already or not, with the sum of what they took."""
    counts = AdmissionCounts(lambda: 0.0)
    asked = Asked("admit", "CREATE", ("First", "Second"))
    for _ in range(1_000):
        counts.passed(asked, [1.0, 1.25, 3.25])
    assert _told(counts, _PLUGIN) == {
        _labels("admit", name="First"): "1000",
        _labels("admit", name="Second"): "1000",
    }
    assert _told(counts, _PLUGIN, "_sum")[_labels("admit", name="Second")] == "2000"
    assert _told(counts, _STEP, "_sum") == {_labels("admit"): "2250"}
    counts.passed(asked, [0.0, 0.0, 0.0])
    assert _told(counts, _STEP) == {_labels("admit"): "1001"}


def test_who_refuses_is_told_apart_from_who_was_asked_before() -> None:
    """The step is refused as well; who would have been asked next is not told of."""
    clock = _clock(5.0)
    counts = AdmissionCounts(lambda: next(clock))
    asked = Asked("validate", "CREATE", ("First", "Second", "Third"))
    counts.refused(asked, [1.0, 2.0])
    assert _told(counts, _PLUGIN, "_sum") == {
        _labels("validate", name="First"): "1",
        _labels("validate", name="Second", rejected="true"): "3",
    }
    assert _told(counts, _STEP, "_sum") == {_labels("validate", rejected="true"): "4"}


def test_a_second_round_counts_its_plugins_again() -> None:
    """And is part of the one step."""
    counts = AdmissionCounts(lambda: 0.0)
    counts.passed(Asked("admit", "CREATE", ("First", "Second")), [0.0, 1.0, 2.0, 3.0, 4.0])
    assert set(_told(counts, _PLUGIN).values()) == {"2"}
    assert _told(counts, _STEP) == {_labels("admit"): "1"}


def test_who_is_asked_again_later_is_told_of_then() -> None:
    """Unless it refuses: then there is no later. A part of a step does not tell how long the step took."""
    clock = _clock(2.0)
    counts = AdmissionCounts(lambda: next(clock))
    asked = Asked("validate", "CREATE", ("Quiet", "Waiting"), (False, True), whole=False)
    counts.passed(asked, [0.0, 1.0, 2.0])
    assert _told(counts, _PLUGIN) == {_labels("validate", name="Waiting"): "1"}
    counts.refused(asked, [1.0])
    assert _told(counts, _PLUGIN)[_labels("validate", name="Quiet", rejected="true")] == "1"
    assert not _told(counts, _STEP)
