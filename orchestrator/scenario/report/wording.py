"""What a comparison found, in words: the same on a terminal and on a page."""

from typing import Final

from orchestrator.scenario import units
from orchestrator.scenario.report.comparison import Difference, Parting
from orchestrator.scenario.report.model import Report, Spread

_WITHIN: Final = {None: "", True: "within", False: "beyond"}


def reason(report: Report) -> str:
    """Why a run failed: the step that did, then the expectations that do not hold; empty if it did not."""
    if report.outcome != "failed":
        return ""
    reasons = [
        f"{each.measure} is {units.of_measure(each.measure, each.measured)}, expected {each.expected}"
        for each in report.expectations
        if not each.holds
    ]
    if report.failure is not None:
        reasons.insert(0, f"{report.failure.step}: {report.failure.message}")
    return "; ".join(reasons)


def spread(measure: str, found: Spread | None) -> str:
    """`3.2 s ± 120 ms`; no deviation if nothing was repeated, or if it never varied."""
    if found is None:
        return units.NONE
    mean = units.of_measure(measure, found.mean)
    if not found.deviation:
        return mean
    return f"{mean} ± {units.of_measure(measure, found.deviation)}"


def difference(measure: str, found: Difference | None) -> tuple[str, str, str]:
    """The difference, the same in percent, and whether it is `within` the spread or `beyond`."""
    if found is None:
        return units.NONE, "", ""
    absolute = units.of_measure(measure, found.absolute)
    if not found.absolute:
        return units.number(0), "", "equal"
    share = "" if found.percent is None else units.signed(units.share(found.percent / 100))
    return units.signed(absolute), share, _WITHIN[found.within]


def parting(found: Parting, first: str) -> str:
    """Whether two histories are equal, and where they part; `first` is the first column's name."""
    seeds = f"seed {found.seed}"
    if found.seed != found.first_seed:
        seeds = f"seed {found.seed}, there {found.first_seed}"
    pair = f"{found.column} and {first} ({seeds})"
    if found.column == first:
        pair = f"two runs of {first} ({seeds})"
    if found.equal:
        return f"{pair}: the histories are equal"
    since = "" if found.last_equal is None else f" after revision {found.last_equal:,}"
    if found.revision is None or found.virtual_seconds is None:
        return (
            f"{pair}: the histories part{since or '; no samples at an equal revision tell where'}"
        )
    moment = units.seconds(found.virtual_seconds)
    until = f"{'and' if since else ''} by revision {found.revision:,}, {moment}"
    return f"{pair}: the histories part{since} {until.strip()}"
