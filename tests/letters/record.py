"""Records what Kubernetes' own server answers: `python -m tests.letters.record https://HOST:PORT TOKEN`."""

import json
import lzma
import ssl
import sys

from tests.letters.asking import answers
from tests.letters.questions import QUESTIONS
from tests.letters.test_letters import ANSWERS


def main() -> None:
    """Replace the file."""
    url, token = sys.argv[1:]
    context = ssl._create_unverified_context()  # of a server of one's own, on this machine
    found = answers(url, context, token, QUESTIONS)
    rows = {question.name: answer for question, answer in zip(QUESTIONS, found, strict=True)}
    ANSWERS.write_bytes(lzma.compress(json.dumps(rows, indent=0).encode()))


if __name__ == "__main__":
    main()
