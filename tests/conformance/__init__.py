"""Recorded dialogues with a real API server of Kubernetes 1.36, replayed against a served cluster.

`cases/AREA.json.gz` holds the cases of one area: the requests, the answers that the original gave (as
`normal.py` writes them), and what of them counts. `not_followed.txt` names the cases that do not pass, each
with its reason; the list can only shrink: the tests fail when a case that stands in it passes, and when one
that does not stand in it fails.

    python -m tests.conformance.record [AREA ...]     # write the list anew (after a merge conflict in it, too)
    python -m tests.conformance.play AREA [--match TEXT]  # every difference of some cases

`cases` reads the files and the list, `normal` makes answers comparable, `player` asks, `webhook` is the
admission webhook that some cases need.
"""
