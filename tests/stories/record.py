"""`python -m tests.stories.record [KIND ...]`: write the list of stories that are not followed anew.

A story that still fails keeps its reason; a new one gets its first difference.
"""

import sys

import actors
from tests.conformance.cases import not_followed, reason_of, write_not_followed
from tests.stories.player import play
from tests.stories.stories import NOT_FOLLOWED, kinds, load


def main(chosen: list[str]) -> None:
    """Play the stories and write what was found."""
    reasons = not_followed(NOT_FOLLOWED)
    for kind in chosen or kinds():
        found = {story.name: actors.run(play, story) for story in load(kind)}
        failing = {name: each for name, each in found.items() if each}
        for name in found.keys() - failing.keys():
            reasons.pop(name, None)
        for name, differences in failing.items():
            reasons.setdefault(name, reason_of(differences))
        print(f"{kind:16}{len(found) - len(failing):4} of {len(found)}", flush=True)
        write_not_followed(reasons, NOT_FOLLOWED)


if __name__ == "__main__":
    main(sys.argv[1:])
