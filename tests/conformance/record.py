"""`python -m tests.conformance.record [AREA ...]`: write the list of cases that are not followed anew.

A case that still fails keeps its reason; a new one gets its first difference.
"""

import sys
import tempfile
from pathlib import Path

import actors
from tests.conformance.cases import areas, load, not_followed, reason_of, write_not_followed
from tests.conformance.player import play


def main(chosen: list[str]) -> None:
    """Play the areas and write what was found."""
    reasons = not_followed()
    for area in chosen or areas():
        cases = load(area)
        known = {name for name in reasons if name.startswith(f"{area}/")}
        with tempfile.TemporaryDirectory() as folder:
            found = actors.run(play, cases, Path(folder), known, virtual=False)
        failing = {name: each for name, each in found.items() if each}
        for name in known - failing.keys():
            del reasons[name]
        for name, differences in failing.items():
            reasons.setdefault(name, reason_of(differences))
        print(f"{area:24}{len(found) - len(failing):5} of {len(found)}", flush=True)
        write_not_followed(reasons)


if __name__ == "__main__":
    main(sys.argv[1:])
