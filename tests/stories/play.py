"""`python -m tests.stories.play [KIND ...] [--match TEXT]`: every difference of some stories.

A KIND may also be the path of a JSON file or of a folder of them, each one story.
"""

import argparse
import json
from pathlib import Path

import actors
from tests.stories.player import play
from tests.stories.stories import Story, kinds, load


def main() -> None:
    """Print them, and how many stories are followed."""
    parser = argparse.ArgumentParser(prog="python -m tests.stories.play")
    parser.add_argument("kinds", nargs="*", help="default: all")
    parser.add_argument("--match", default="", help="only stories with this in their names")
    options = parser.parse_args()
    for kind in options.kinds or kinds():
        stories = [story for story in _stories(kind) if options.match in story.name]
        followed = 0
        for story in stories:
            differences = actors.run(play, story)
            followed += not differences
            for difference in differences:
                print(f"{story.name} {difference}")
        print(f"{kind:16}{followed:4} of {len(stories)}", flush=True)


def _stories(kind: str) -> list[Story]:
    path = Path(kind)
    if not path.exists():
        return load(kind)
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    documents = [(file.stem, json.loads(file.read_text())) for file in files]
    return [Story(name, each["steps"], each["real"]) for name, each in documents]


if __name__ == "__main__":
    main()
