"""What the server tells of itself at `/metrics`, by the names that Kubernetes gives it.

| file | what it is |
|---|---|
| `checks` | what health checks have found |
| `requests` | what is counted as requests go by |
| `state` | what is read when somebody asks: seats, objects, the process |
"""

from orchestrator.apiserver.http.metrics.requests import (
    Labels,
    Metrics,
    labelled,
    labelled_by_method,
)
from orchestrator.apiserver.http.metrics.state import present_families

__all__ = ["Labels", "Metrics", "labelled", "labelled_by_method", "present_families"]
