"""What the controller manager of Kubernetes 1.36 did, step by step, and whether this one does the same.

`cases/KIND.json.gz` holds the stories of one kind: the steps made in a namespace of their own, and after
each of them, when the cluster had come to rest, every object and event that concerns a controller.
`not_followed.txt` names the stories that end otherwise here, each with its reason; the list can only shrink.

    python -m tests.stories.record [KIND ...]             # write the list anew
    python -m tests.stories.play [KIND ...] [--match TEXT]  # every difference of some stories

`stories` reads the files, `player` makes the steps in a cluster in virtual time, `snapshot` says what there
is after a step, and `masks` names what differs from run to run; `external_metrics` serves what autoscalers ask for.
"""
