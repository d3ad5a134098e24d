"""The example of servers behind a Service."""

import asyncio

from examples import balanced


def test_a_roll_fails_no_request() -> None:
    """Both versions answer, and every connection gets an answer: a refused one would raise."""
    answers = asyncio.run(balanced.main())
    assert set(answers) == {"one", "two"}
