"""Which fields are always written follows the tags of Go's structs."""

import json
from pathlib import Path

from orchestrator.api import codec
from orchestrator.api.facts import GO_NAMES
from orchestrator.api.generate.names import TypeName
from orchestrator.api.generate.written import always_written, left_out, read

SOURCE = """
package v1

type Phase string

type Thing struct {
\tmetav1.TypeMeta `json:",inline"`
\t// ObjectMeta is a struct.
\tmetav1.ObjectMeta `json:"metadata,omitempty,omitzero" protobuf:"bytes,1,opt,name=metadata"`
\tSpec Spec `json:"spec,omitempty" protobuf:"bytes,2,opt,name=spec"`
}

type Spec struct {
\tCommon `json:",inline"`
\tPhase Phase `json:"phase"`
\tQuiet Phase `json:"quiet,omitempty"`
\tItems []string `json:"items"`
\tSince metav1.Time `json:"since,omitempty"`
\tUntil *metav1.Time `json:"until"`
\tHidden string `json:"-"`
\tCount int32 `json:"count,omitempty"`
\tLimit *int32 `json:"limit,omitempty"`
}

type Common struct {
\tSize resource.Quantity `json:"size,omitempty"`
}
"""


def test_structs_and_what_has_no_omitempty_are_written(tmp_path: Path) -> None:
    """As null where nothing is in a pointer, list, map or time."""
    folder = tmp_path / "api" / "things" / "v1"
    folder.mkdir(parents=True)
    (folder / "types.go").write_text(SOURCE)
    sources = read(tmp_path)
    assert always_written(sources, TypeName("things", "v1", "Thing")) == {"spec": False}
    assert always_written(sources, TypeName("things", "v1", "Spec")) == {
        "size": False,
        "phase": False,
        "items": True,
        "since": True,
        "until": True,
    }
    assert left_out(sources, TypeName("things", "v1", "Spec")) == ["count", "quiet"]


def test_complaints_know_the_names_of_types_and_of_what_is_written_into_a_struct() -> None:
    """As the facts keep them, which are made of Go's structs."""
    names = json.loads(GO_NAMES.read_text())
    assert names["types"]["core.v1.ServiceSpec"]["type"] == "v1.ServiceType"
    assert names["types"]["core.v1.ResourceRequirements"]["limits"] == "map:v1.ResourceList"
    assert names["types"]["core.v1.ServiceSpec"]["ipFamilies"] == "[]v1.IPFamily"
    assert names["paths"]["networking.v1.IngressRule"] == {"http": "IngressRuleValue.http"}


def test_claim_templates_say_their_kind() -> None:
    """As Kubernetes writes them, whether or not their author said it; it reads back as the same object."""
    template = {"metadata": {"name": 'a"volumeClaimTemplates":[{'}, "spec": {"volumeName": "}"}}
    document = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "s"},
        "spec": {"volumeClaimTemplates": [template, {}]},
    }
    stateful_set = codec.decode_any(document)[1]
    told = codec.to_dict(stateful_set)["spec"]["volumeClaimTemplates"]
    assert [(t["apiVersion"], t["kind"]) for t in told] == [("v1", "PersistentVolumeClaim")] * 2
    assert told[0]["metadata"] == template["metadata"]
    assert codec.decode(codec.encode(stateful_set), type(stateful_set)) == stateful_set
