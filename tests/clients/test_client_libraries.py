"""The client libraries of Python, each in a program of its own (`programs/`), as their users write them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import Kubectl

GREETINGS = Path(__file__).parent / "manifests" / "greetings.yaml"


@pytest.fixture(scope="module")
def with_greetings(kubectl: Kubectl) -> Kubectl:
    """The server, with a custom kind."""
    kubectl("apply", "-f", str(GREETINGS))
    kubectl("wait", "crd/greetings.example.com", "--for=condition=Established")
    return kubectl


@pytest.mark.parametrize("program", ["official", "asynchronous", "light", "krates"])
def test_a_library(program: str, with_greetings: Kubectl) -> None:
    here = with_greetings.within(program)
    command = [sys.executable, "-m", f"tests.clients.programs.{program}"]
    done = subprocess.run(
        command, env=here.environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def greeter(with_greetings: Kubectl) -> Iterator[Kubectl]:
    """An operator of kopf's, which runs while a test does."""
    here = with_greetings.within("operated")
    words = ["--module", "tests.clients.programs.greeter", "--namespace", "operated", "--quiet"]
    running = subprocess.Popen([sys.executable, "-m", "kopf", "run", *words], env=here.environment)
    try:
        yield here
        assert running.poll() is None
    finally:
        running.terminate()
        running.wait(30)


def test_an_operator_of_kopf(greeter: Kubectl) -> None:
    hello = "{apiVersion: example.com/v1, kind: Greeting, metadata: {name: hello}, spec: {to: you}}"
    greeter("create", "-f", "-", stdin=hello)
    said = "--for=jsonpath={.status.greet.says}=hello you"
    greeter("wait", "greeting/hello", said, "--timeout=60s")
    owner = "jsonpath={.metadata.ownerReferences[0].kind}"
    assert greeter("get", "configmap", "hello", "-o", owner) == "Greeting"
    greeter("patch", "greeting/hello", "--type=merge", "-p", '{"spec": {"to": "all"}}')
    greeter("wait", "configmap/hello", "--for=jsonpath={.data.says}=hello all", "--timeout=60s")
    greeter("delete", "greeting", "hello", "--timeout=60s")  # kopf has to take its finalizer away
    greeter("wait", "configmap/hello", "--for=delete", "--timeout=60s")
