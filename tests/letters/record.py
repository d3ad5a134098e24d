"""Records what Kubernetes' own server answers: `python -m tests.letters.record https://HOST:PORT TOKEN`."""

import json
import lzma
import ssl
import sys

from tests.letters.asking import Question, answers, documents
from tests.letters.questions import DESCRIPTIONS, IN_TWO_FORMS, QUESTIONS
from tests.letters.test_letters import ANSWERS
from tests.letters.test_protobuf import PAIRS

_OBJECTS = ("application/json", "application/vnd.kubernetes.protobuf")
_DOCUMENTS = (
    "application/json",
    "application/com.github.proto-openapi.spec.v3.v1.0+protobuf",
)


def main() -> None:
    """Replace the files."""
    url, token = sys.argv[1:]
    context = ssl._create_unverified_context()  # of a server of one's own, on this machine
    found = answers(url, context, token, QUESTIONS)
    rows = {question.name: answer for question, answer in zip(QUESTIONS, found, strict=True)}
    ANSWERS.write_bytes(lzma.compress(json.dumps(rows, indent=0).encode()))
    asked = [(path, _OBJECTS, said) for path, said in IN_TWO_FORMS]
    asked += [(path, _DOCUMENTS, "") for path in DESCRIPTIONS]
    questions = [
        Question("GET", path, {"Accept": f"{form}{said}"})
        for path, forms, said in asked
        for form in forms
    ]
    told = [each.decode("latin-1") for each in documents(url, context, token, questions)]
    pairs = [
        [f"{path}{said}", *told[2 * number : 2 * number + 2]]
        for number, (path, _, said) in enumerate(asked)
    ]
    PAIRS.write_bytes(lzma.compress(json.dumps(pairs, indent=0).encode()))


if __name__ == "__main__":
    main()
