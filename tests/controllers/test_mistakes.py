"""A mistake in a user's controller is said where it was made, and harms that controller alone."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap, Node, Pod, Secret
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import (
    Change,
    Controller,
    InvalidController,
    Key,
    PermanentError,
    TemporaryError,
    Wiring,
    generation_changed,
)
from orchestrator.controllers.installed import UnknownController
from orchestrator.protocol import Forbidden
from tests.widgets import WIDGETS


class Greeter(Controller):
    """Greets every ConfigMap."""

    name = "greeter"
    kind = ConfigMap

    def __init__(self, wiring: Wiring, *, word: str = "hello") -> None:
        super().__init__(wiring)
        self.word = word

    async def reconcile(self, key: Key) -> float | None:
        """Write the greeting."""
        present = self.cache(ConfigMap).get(key.namespace, key.name)
        if present is not None and present.data.get("greeting") != self.word:
            await self.client.patch(
                ConfigMap, key.name, {"data": {"greeting": self.word}}, namespace=key.namespace
            )
        return None


def _made(**attributes: Any) -> Any:
    return type("Wrong", (Greeter,), attributes)


class Forgetful(Greeter):
    def __init__(self, wiring: Wiring) -> None:
        pass


class Broken(Greeter):
    def __init__(self, wiring: Wiring) -> None:
        raise OSError("no such host")


class Unready(Greeter):
    name = "unready"

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        raise KeyError("somewhere")


class Needy(Greeter):
    def __init__(self, wiring: Wiring, url: str) -> None:
        super().__init__(wiring)


MISTAKES: dict[str, tuple[Any, str]] = {
    "no name": (type("Wrong", (Controller,), {"kind": Pod}), "Wrong: it has no `name`"),
    "a name that is none": (_made(name=""), "not empty and has no slash, not ''"),
    "a name with a slash": (_made(name="a/b"), "no slash, not 'a/b'"),
    "Kubernetes' name": (_made(name="deployment"), 'named "deployment" runs already'),
    "the manager's name": (_made(name="informers"), "the manager's own"),
    "no kind": (type("Wrong", (Controller,), {"name": "wrong"}), "Wrong: it has no `kind`"),
    "a kind's name": (_made(kind="configmaps"), "give the class ConfigMap"),
    "a kind that is none": (_made(kind=ObjectMeta), "`kind`: no matches for kind"),
    "a wrong owned kind": (_made(owns=("pod",)), "`owns`: .* give the class Pod"),
    "one owned kind": (_made(owns=Pod), "`owns` is a tuple of kinds"),
    "workers": (_made(workers=0), "`workers` is a number from 1 on, not 0"),
    "one predicate": (_made(predicates=generation_changed), "`predicates` is a tuple of functions"),
    "predicates of text": (_made(predicates=("app=web",)), "`predicates` is a tuple of functions"),
    "a back-off in seconds": (_made(backoff=5), "`backoff` is a Backoff, not 5"),
    "a limit in numbers": (_made(limit=5), "`limit` is a RateLimit or None, not 5"),
    "a rest that is no time": (_made(rest_seconds="5s"), "`rest_seconds` is a number from 0 on"),
    "no reconcile": (
        type("Wrong", (Controller,), {"name": "wrong", "kind": Pod}),
        "it has no `reconcile`",
    ),
    "reconcile without a key": (_made(reconcile=lambda self: None), "`reconcile` takes one key"),
    "no class": (3, "a class derived from Controller"),
    "another class": (dict, "a class derived from Controller"),
    "a needy one": (Needy, "missing a required argument: 'url'"),
    "no super": (Forgetful, r"does not call super\(\).__init__\(wiring\)"),
    "an init that fails": (Broken, "its __init__ raised OSError: no such host"),
    "watches that are a list": (
        _made(watches=lambda self: [Pod]),
        r"watches\(\) answers kinds with functions of their objects, not \[",
    ),
    "watches without functions": (
        _made(watches=lambda self: {Pod: "a"}),
        "'a', and not a function of the object",
    ),
    "indexes that are none": (_made(indexes=lambda self: None), r"indexes\(\) answers kinds with"),
    "watches that fail": (Unready, "it cannot start: KeyError: 'somewhere'"),
}


@pytest.mark.parametrize("name", MISTAKES)
async def test_a_class_that_cannot_run_is_refused_where_it_is_run(
    cluster: Cluster, name: str
) -> None:
    """With a TypeError that names it; the manager and its controllers run on, and so does the next."""
    controller, said = MISTAKES[name]
    with pytest.raises(InvalidController, match=said):
        await cluster.run_controller(controller)
    assert cluster.system.ref("/controllers").restarts == 0
    await cluster.clock.sleep(120)
    assert all(ref.restarts == 0 for ref in cluster.system.ref("/controllers").children)
    assert (await cluster.run_controller(Greeter)).name == "greeter"


async def test_an_instance_and_a_second_of_one_name_are_refused(cluster: Cluster) -> None:
    """The refusal says which class has the name."""
    await cluster.run_controller(Greeter)
    with pytest.raises(InvalidController, match=r"runs already \(.*test_mistakes.Greeter\)"):
        await cluster.run_controller(Greeter)
    with pytest.raises(TypeError, match="unexpected keyword argument 'wrod'"):
        await cluster.run_controller(Greeter, wrod="hi")


async def test_a_controller_takes_arguments_and_keeps_them(cluster: Cluster) -> None:
    """Also when it restarts, and when the manager does."""
    await cluster.run_controller(Greeter, word="good day")
    for crashed in ("/controllers/greeter", "/controllers"):
        cluster.crash(crashed)
        await cluster.clock.sleep(5)
        name = crashed.replace("/", "-")[1:]
        await cluster.client.create(ConfigMap(metadata=ObjectMeta(name=name)))
        await cluster.clock.sleep(5)
        written = await cluster.client.get(ConfigMap, name)
        assert written.data == {"greeting": "good day"}


async def test_a_plain_function_reconciles_too(cluster: Cluster) -> None:
    """`def reconcile` and its answer are as good as `async def`."""
    seen: list[tuple[float, str]] = []

    class Plain(Controller):
        name = "plain"
        kind = Node

        def reconcile(self, key: Key) -> float | None:
            seen.append((self.ctx.clock.now(), key.name))
            return 10.0

    await cluster.run_controller(Plain)
    await cluster.clock.sleep(25)
    times = [at - seen[0][0] for at, name in seen if name == "node-1"]
    assert times == pytest.approx([0, 10, 20], abs=0.01)


@pytest.mark.parametrize("answer", [True, False, "10s", Key("a", "b"), float("nan")])
async def test_an_answer_that_is_no_time_is_said_once(
    cluster: Cluster, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no loop: a bool is not a second."""
    asked: list[Key] = []

    class Wrong(Controller):
        name = "wrong"
        kind = Node

        async def reconcile(self, key: Key) -> Any:
            asked.append(key)
            return answer

    await cluster.run_controller(Wrong)
    await cluster.clock.sleep(9)  # before the next heartbeat
    assert len(asked) == 3
    whole = [record for record in caplog.records if record.exc_info is not None]
    (record,) = whole
    assert f"wrong.reconcile answered {answer!r}" in record.getMessage()


async def test_errors_that_are_meant_say_when_the_key_comes_back(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """TemporaryError after its seconds, PermanentError not before a change; neither has a traceback."""
    asked: dict[str, list[float]] = {"soon": [], "never": []}

    class Meaning(Controller):
        name = "meaning"
        kind = ConfigMap

        async def reconcile(self, key: Key) -> None:
            if key.name not in asked:
                return
            asked[key.name].append(self.ctx.clock.now())
            if key.name == "soon":
                raise TemporaryError("the printer is busy", seconds=20)
            raise PermanentError("there is no printer")

    await cluster.run_controller(Meaning)
    for name in asked:
        await cluster.client.create(ConfigMap(metadata=ObjectMeta(name=name)))
    await cluster.clock.sleep(50)
    assert [at - asked["soon"][0] for at in asked["soon"]] == pytest.approx([0, 20, 40], abs=0.1)
    assert len(asked["never"]) == 1
    assert "PermanentError: there is no printer" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_kind_that_cannot_be_watched_is_told_of(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """At the first, second and fourth attempt, not at each; a controller that waits is not silent."""

    class Waiting(Controller):
        name = "waiting"
        kind = WIDGETS

        async def reconcile(self, key: Key) -> None:
            raise AssertionError

    await cluster.run_controller(Waiting)
    await cluster.clock.sleep(20)
    told = [line for line in caplog.messages if "cannot watch" in line]
    assert [line.rpartition("=")[2] for line in told] == ["1", "2", "4"]
    assert "widgets.example.test" in told[0]
    assert "NotFound: the server could not find the requested resource" in told[0]


async def test_a_right_that_is_missing_is_told_of(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal that somebody has to mend is no daily life."""

    class Weak(Controller):
        name = "weak"
        kind = Node

        async def reconcile(self, key: Key) -> None:
            raise Forbidden('User "weak" cannot patch resource "nodes"')

    await cluster.run_controller(Weak)
    await cluster.clock.sleep(5)
    assert 'Forbidden: User "weak" cannot patch resource "nodes"' in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_cache_that_was_not_asked_for_is_filled_first(cluster: Cluster) -> None:
    """`cache` of a kind that is not watched is never silently empty."""
    counts: list[int] = []

    class Counter(Controller):
        name = "counter"
        kind = ConfigMap

        async def reconcile(self, key: Key) -> float | None:
            if key.name == "count":
                counts.append(len(self.cache(Secret)))
            return None

    for number in range(3):
        await cluster.client.create(Secret(metadata=ObjectMeta(name=f"s-{number}")))
    await cluster.run_controller(Counter)
    await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="count")))
    await cluster.clock.sleep(5)
    assert counts == [3]
    await cluster.client.create(Secret(metadata=ObjectMeta(name="s-3")))
    await cluster.clock.sleep(5)
    assert counts == [3]  # it reads Secrets, and is not woken by them


async def test_a_source_that_asks_for_a_cache_gets_it(cluster: Cluster) -> None:
    """A source has no reconcile to run again: all keys are looked at when the cache is filled."""
    seen: list[int] = []

    class Mapper(Controller):
        name = "mapper"
        kind = ConfigMap

        def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
            return {Node: lambda change: [Key("default", str(len(self.cache(Secret))))]}

        async def reconcile(self, key: Key) -> float | None:
            if key.name.isdecimal():
                seen.append(int(key.name))
            return None

    await cluster.client.create(Secret(metadata=ObjectMeta(name="one")))
    ref = await cluster.run_controller(Mapper)
    for number in range(2):
        await cluster.client.patch(Node, "node-1", {"metadata": {"labels": {"a": str(number)}}})
        await cluster.clock.sleep(1)
    assert ref.restarts == 0
    assert set(seen) == {1}


async def test_sources_answer_keys_for_later(cluster: Cluster) -> None:
    """A pair of a key and seconds, or a bare tuple for a key."""
    seen: list[tuple[str, float]] = []

    class Later(Controller):
        name = "later"
        kind = ConfigMap

        def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Any]]]:
            return {Secret: lambda _: [("default", "now"), (Key("default", "later"), 30)]}

        async def reconcile(self, key: Key) -> float | None:
            seen.append((key.name, self.ctx.clock.now()))
            return None

    await cluster.run_controller(Later)
    begun = cluster.clock.now()
    await cluster.client.create(Secret(metadata=ObjectMeta(name="one")))
    await cluster.clock.sleep(40)
    found = [(name, round(at - begun)) for name, at in seen if name in ("now", "later")]
    assert found == [("now", 0), ("later", 30)]


async def test_a_controller_that_fails_for_ever_leaves_the_others_alone(cluster: Cluster) -> None:
    """It restarts alone, ever more slowly, and takes no manager with it."""

    class Falling(Controller):
        name = "falling"
        kind = Node
        falls: ClassVar[int] = 0

        def own_keys(self, change: Change[Any]) -> Iterable[Key]:
            raise RuntimeError("fell")

        def initial_keys(self) -> Iterable[Key]:
            Falling.falls += 1
            raise RuntimeError("fell")

        async def reconcile(self, key: Key) -> float | None:
            return None

    await cluster.run_controller(Falling)
    await cluster.clock.sleep(600)
    assert 20 < Falling.falls < 100
    manager = cluster.system.ref("/controllers")
    assert manager.restarts == 0
    assert {ref.name for ref in manager.children if ref.restarts} == {"falling"}


def test_a_cluster_looks_at_its_controllers_before_it_begins() -> None:
    """Names of Kubernetes' own and of installed packages' stand for classes."""
    Cluster(controllers=["*", Greeter])
    Cluster(controllers=["deployment", "replicaset"])
    with pytest.raises(InvalidController, match='ReplicaSetController is named "replicaset", too'):
        Cluster(controllers=["replicaset", "replicaset"])
    with pytest.raises(InvalidController, match="url"):
        Cluster(controllers=[Needy])
    with pytest.raises(UnknownController, match=r"no controller 'deploy'; there are .*deployment"):
        Cluster(controllers=["deploy"])
