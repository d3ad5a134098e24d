"""The kinds of the group that Kubernetes calls flowcontrol."""
