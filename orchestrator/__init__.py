"""A Kubernetes cluster in one Python interpreter."""
