"""The actor runtime; knows nothing of Kubernetes."""
