"""`python -m tests.conformance.play AREA [--match TEXT]`: every difference of some cases."""

import argparse
import tempfile
from pathlib import Path

import actors
from tests.conformance.cases import areas, load
from tests.conformance.player import play


def main() -> None:
    """Print them, and how many cases pass."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.play")
    parser.add_argument("areas", nargs="*", help="default: all")
    parser.add_argument("--match", default="", help="only cases with this in their names")
    parser.add_argument("--quiet", action="store_true", help="only how many pass")
    options = parser.parse_args()
    for area in options.areas or areas():
        cases = [case for case in load(area) if options.match in case.name]
        with tempfile.TemporaryDirectory() as folder:
            names = [case.name for case in cases]
            found = actors.run(play, cases, Path(folder), names, virtual=False)
        for name, differences in sorted(found.items()):
            for difference in [] if options.quiet else differences:
                print(f"{name}\n  {difference}")
        passed = sum(not differences for differences in found.values())
        print(f"{area:24}{passed:5} of {len(found)}", flush=True)


if __name__ == "__main__":
    main()
