"""Records what Kubernetes' own example pods of Pod Security show: `python -m tests.apiserver.admission.record_pod_security DIRECTORY`.

The directory is `test/testdata` of its `pod-security-admission`: a pod a file, by level, version and verdict. Most of them
are the same in many versions; each is kept once, with the versions in which a level allows or forbids it.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any, Final

import yaml

RECORD: Final = Path(__file__).parent / "pod_security.json.gz"
_KEPT: Final = ("annotations", "labels")


def main(root: Path) -> None:
    """Write the record."""
    found: dict[str, dict[str, set[int]]] = {}
    for file in sorted(root.glob("*/v1.*/*/*.yaml")):
        level, version, verdict = file.parts[-4:-1]
        pod = json.dumps(_minimal(yaml.safe_load(file.read_text())), sort_keys=True)
        minors = found.setdefault(pod, {}).setdefault(f"{level} {verdict}", set())
        minors.add(int(version.removeprefix("v1.")))
    rows = [
        [json.loads(pod), {key: sorted(minors) for key, minors in sorted(facts.items())}]
        for pod, facts in sorted(found.items())
    ]
    data = json.dumps(rows, separators=(",", ":")).encode()
    RECORD.write_bytes(gzip.compress(data, mtime=0))


def _minimal(document: dict[str, Any]) -> dict[str, Any]:
    """What matters of a pod: neither its name nor its images."""
    spec = document["spec"]
    for field in ("containers", "initContainers"):
        for container in spec.get(field, ()):
            container["image"] = "i"
    metadata = {key: document["metadata"][key] for key in _KEPT if key in document["metadata"]}
    return {"metadata": {"name": "p", **metadata}, "spec": spec}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
