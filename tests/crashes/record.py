"""`python -m tests.crashes.record [CONTROLLER ...]`: try the points of all scenarios, and write docs/crashes.md.

Every message that a controller handles is a point, and every message about changes of kinds that it watches. All of them
are tried if `--all` is among the arguments, else those at distances that grow.
"""

import sys
from pathlib import Path
from typing import Final, NamedTuple

from tests.crashes.running import (
    BETWEEN,
    PATTERNS,
    Pattern,
    Survey,
    differing,
    disturbed,
    points,
    sparse,
    surveyed,
)
from tests.crashes.scenarios import SCENARIOS, Scenario

PAGE: Final = Path("docs/crashes.md")
_HEAD: Final = """# Controllers that are disturbed

Each controller goes through a scenario in which it has something to do, once undisturbed and then once for
each point at which something can go wrong. Every run must come to the same end: the same objects, with the
same status. `python -m tests.crashes.record --all` tries every point and writes this table (which takes some minutes),
without `--all` those at distances that grow; the tests try one of each. A cell says how many points were tried, and how
many came to the same end. All controllers share their caches; the changes that count are those of kinds that the
controller watches.

That a fault in a controller would show is tried, too: `tests/crashes/bugs.py` puts 25 bugs into controllers (one
forgets what there is when it begins anew, one believes its cache, one never takes a finalizer), and each is found.

"""


class Tried(NamedTuple):
    """How many points of a pattern were tried, and how many came to the same end."""

    points: int
    converged: int


def tried(scenario: Scenario, survey: Survey, pattern: Pattern, every: bool) -> Tried:
    """Try points of a pattern, or `every` one; what does not converge is printed."""
    count = converged = 0
    there = points(pattern, survey.changes)
    for point in there if every or pattern is BETWEEN else sparse(there):
        end = disturbed(scenario, pattern, point)
        if not end.struck:
            break
        count += 1
        converged += end.state == survey.state
        if end.state != survey.state:
            where = ", ".join(differing(survey.state, end.state))
            print(f"{scenario.controller} {pattern.name} {point}: {where}", flush=True)
    return Tried(count, converged)


def rows() -> dict[str, str]:
    """The rows of the page's table, by controller."""
    lines = PAGE.read_text().splitlines() if PAGE.exists() else []
    named = (line.split("|")[1].strip(" `") for line in lines if line.startswith("| `"))
    return dict(zip(named, (line for line in lines if line.startswith("| `")), strict=True))


def main(chosen: list[str]) -> None:
    """Try them, and write the page."""
    all_points = "--all" in chosen
    chosen = [each for each in chosen if each != "--all"]
    known = rows()
    for scenario in SCENARIOS:
        if chosen and scenario.controller not in chosen:
            continue
        survey = surveyed(scenario)
        found = [tried(scenario, survey, each, all_points) for each in PATTERNS]
        cells = [f"{each.converged} of {each.points}" for each in found]
        known[scenario.controller] = f"| `{scenario.controller}` | {' | '.join(cells)} |"
        print(known[scenario.controller], flush=True)
        _write(known)


def _write(known: dict[str, str]) -> None:
    heads = ["controller", *(f"{each.name}: {each.what}" for each in PATTERNS)]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [known[s.controller] for s in SCENARIOS if s.controller in known]
    PAGE.write_text(_HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
