"""The file by which kubectl, helm and client libraries find the server and show who they are."""

from base64 import b64encode
from typing import Final

from orchestrator.machinery.certificates import KeyPair, Pem

_TEMPLATE: Final = """\
apiVersion: v1
kind: Config
clusters:
- name: {cluster}
  cluster:
    server: {url}
    certificate-authority-data: {authority}
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: {context}
  context:
    cluster: {cluster}
    user: {user}
    namespace: default
current-context: {context}
preferences: {{}}
"""


def kubeconfig(url: str, authority: Pem, client: KeyPair, *, user: str, cluster: str) -> str:
    """The YAML text. The context is `user@cluster`, as kubeadm names it."""
    return _TEMPLATE.format(
        url=url,
        user=user,
        cluster=cluster,
        context=f"{user}@{cluster}",
        authority=b64encode(authority).decode(),
        certificate=b64encode(client.certificate).decode(),
        key=b64encode(client.key).decode(),
    )
