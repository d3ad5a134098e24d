"""The table of defaults."""

from typing import Any

from orchestrator.api.default_table import DEFAULTS
from orchestrator.api.generate.defaults import defaults, module


def test_a_written_table_is_read_as_it_was() -> None:
    """The generated module holds the defaults of the documents, sorted, and nothing else."""
    fields = {"b": {"type": "string", "default": ""}, "a": {"default": {}}, "c": {"type": "string"}}
    table = defaults([{"components": {"schemas": {"x.T": {"properties": fields}, "x.U": {}}}}])
    read: dict[str, Any] = {}
    exec(module(table), read)
    assert read["DEFAULTS"] == {"x.T": {"a": {}, "b": ""}}


def test_the_table_knows_structs_and_keys() -> None:
    """The table says which structs are always there, and what a port's protocol is."""
    assert DEFAULTS["io.k8s.api.apps.v1.DeploymentSpec"] == {"strategy": {}, "template": {}}
    assert DEFAULTS["io.k8s.api.core.v1.ContainerPort"]["protocol"] == "TCP"
