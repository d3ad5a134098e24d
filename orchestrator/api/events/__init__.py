"""The kinds of the group that Kubernetes calls events."""
