"""Which admission plugins a server asks."""

from typing import Any

import pytest

from orchestrator.api.core.v1 import Container, Node, Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.admission import (
    DEFAULT_CHAIN,
    Admission,
    AdmissionError,
    AdmissionPlugin,
    UnknownAdmissionPlugin,
    chain_of,
)
from orchestrator.protocol import Forbidden
from tests.apiserver.harness import Api, pod, refused


class Mine(AdmissionPlugin):
    """A plugin of a server's owner."""

    name = "Mine"

    def handles(self, *_arguments: Any) -> bool:
        return True


def names(**options: Any) -> list[str]:
    """The names of a chain, in order."""
    return [plugin.name for plugin in chain_of(Admission(**options))]


def test_plugins_are_on_and_off_as_their_owner_says() -> None:
    """In Kubernetes' order, whatever the order of the names."""
    usual = [plugin.name for plugin in DEFAULT_CHAIN]
    assert "AlwaysPullImages" not in usual
    changed = names(enable=("AlwaysPullImages", "Priority"), disable=("LimitRanger",))
    assert sorted(changed) == sorted({*usual, "AlwaysPullImages"} - {"LimitRanger"})
    assert changed.index("AlwaysPullImages") < changed.index("Priority")


def test_ones_own_plugins_come_before_the_count() -> None:
    """ResourceQuota counts what all others let through."""
    assert names(plugins=(Mine(),))[-2:] == ["Mine", "ResourceQuota"]
    assert "Mine" not in names(plugins=(Mine(),), disable=("Mine",))


def test_a_name_that_nobody_has_is_refused_with_those_that_exist() -> None:
    """An error of a class of its own, which says what would be right."""
    with pytest.raises(UnknownAdmissionPlugin, match="Nope; known are AlwaysAdmit, ") as error:
        names(disable=("Nope", "LimitRanger"))
    assert error.value.names == ("Nope",)
    assert "LimitRanger" in error.value.known


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"enable": ("Priority",), "disable": ("Priority",)},
            "both enabled and disabled: Priority",
        ),
        ({"plugins": (Mine(), Mine())}, "two admission plugins of one name: Mine"),
    ],
)
def test_a_choice_that_contradicts_itself_is_refused(options: dict[str, Any], message: str) -> None:
    """With the names that it is about."""
    with pytest.raises(AdmissionError, match=message):
        names(**options)


async def test_images_are_pulled_always_where_the_owner_wants_it() -> None:
    """Whatever the pod says, and in every kind of container."""
    chain = chain_of(Admission(enable=("AlwaysPullImages",)))
    async with Api(admission=chain) as api:
        made: Pod = await api.create(
            pod(
                "web",
                init_containers=(Container(name="i", image="i", image_pull_policy="Never"),),
                containers=(Container(name="c", image="c:1", image_pull_policy="IfNotPresent"),),
            )
        )
        assert made.spec is not None
        both = (*made.spec.init_containers, *made.spec.containers)
        assert [each.image_pull_policy for each in both] == ["Always", "Always"]


async def test_a_plugin_after_it_cannot_take_that_back() -> None:
    """The final object is looked at."""

    class Never(Mine):
        def admit(self, request: Any, reader: Any) -> Any:
            if request.resource.key != "pods":
                return request.object
            containers = (Container(name="c", image="c:1", image_pull_policy="Never"),)
            return Pod(metadata=request.object.metadata, spec=PodSpec(containers=containers))

    chain = chain_of(Admission(enable=("AlwaysPullImages",), plugins=(Never(),)))
    async with Api(admission=chain) as api:
        error = await refused(Forbidden, api.create(pod("web")))
        assert "spec.containers[0].imagePullPolicy: Unsupported value" in error.message


async def test_a_plugin_is_asked_about_final_objects_that_it_judges() -> None:
    """One that only changes pods is not shown again what became of them."""
    seen: list[str] = []

    class JudgesNodes(Mine):
        def judges(self, operation: Any, resource: Any, subresource: str) -> bool:
            return bool(resource.key == "nodes")

        def admit(self, request: Any, reader: Any) -> Any:
            seen.append(f"admit {request.resource.key}")
            return request.object

        def validate(self, request: Any, reader: Any) -> None:
            seen.append(f"validate {request.resource.key}")

    async with Api(admission=chain_of(Admission(plugins=(JudgesNodes(),)))) as api:
        seen.clear()
        await api.create(pod("web"))
        await api.create(Node(metadata=ObjectMeta(name="n")))
    assert seen == ["admit pods", "admit nodes", "validate nodes"]
