"""Objects of all built-in kinds, with maps out of order and signs of markup, and a custom one."""

# The rows are as they are sent.

from typing import Any, Final

OBJECTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (
        "/api/v1/namespaces/default/configmaps",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "c1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "data": {"z": "1", "a": "x<y", "k.b": "3"},
            "binaryData": {"q": "AAA="},
        },
    ),
    (
        "/api/v1/namespaces/default/secrets",
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "s1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "stringData": {"z": "1", "a": "2"},
            "type": "Opaque",
        },
    ),
    (
        "/api/v1/namespaces/default/services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "svc1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "clusterIP": "10.96.7.7",
                "selector": {"z": "1", "a": "2"},
                "ports": [
                    {"name": "z", "port": 8080, "targetPort": "web"},
                    {"name": "b", "port": 443},
                ],
            },
        },
    ),
    (
        "/api/v1/namespaces/default/pods?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "p1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "containers": [
                    {
                        "name": "c",
                        "image": "i",
                        "resources": {
                            "requests": {"memory": "1Gi", "cpu": "1"},
                            "limits": {"memory": "1Gi", "cpu": "2"},
                        },
                        "ports": [
                            {"containerPort": 8080, "name": "web"},
                            {"containerPort": 443, "name": "tls"},
                        ],
                        "env": [
                            {"name": "A", "value": "b"},
                            {
                                "name": "N",
                                "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                            },
                        ],
                        "volumeMounts": [{"name": "v", "mountPath": "/x"}],
                        "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                    }
                ],
                "volumes": [
                    {"name": "v", "emptyDir": {}},
                    {
                        "name": "p",
                        "projected": {
                            "sources": [
                                {"secret": {"name": "x"}},
                                {"serviceAccountToken": {"path": "t"}},
                            ]
                        },
                    },
                ],
                "nodeSelector": {"z": "1", "b": "2"},
                "tolerations": [{"key": "a", "operator": "Exists"}],
                "securityContext": {"runAsUser": 1, "fsGroup": 2},
                "serviceAccountName": "default",
                "automountServiceAccountToken": False,
            },
        },
    ),
    (
        "/apis/apps/v1/namespaces/default/deployments?dryRun=All",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": "d1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"z": "1", "a": "2"}},
                "template": {
                    "metadata": {"labels": {"z": "1", "a": "2"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "c",
                                "image": "i",
                                "resources": {
                                    "requests": {"memory": "1Gi", "cpu": "1"},
                                    "limits": {"memory": "1Gi", "cpu": "2"},
                                },
                                "ports": [
                                    {"containerPort": 8080, "name": "web"},
                                    {"containerPort": 443, "name": "tls"},
                                ],
                                "env": [
                                    {"name": "A", "value": "b"},
                                    {
                                        "name": "N",
                                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                                    },
                                ],
                                "volumeMounts": [{"name": "v", "mountPath": "/x"}],
                                "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                            }
                        ],
                        "volumes": [
                            {"name": "v", "emptyDir": {}},
                            {
                                "name": "p",
                                "projected": {
                                    "sources": [
                                        {"secret": {"name": "x"}},
                                        {"serviceAccountToken": {"path": "t"}},
                                    ]
                                },
                            },
                        ],
                        "nodeSelector": {"z": "1", "b": "2"},
                        "tolerations": [{"key": "a", "operator": "Exists"}],
                        "securityContext": {"runAsUser": 1, "fsGroup": 2},
                    },
                },
            },
        },
    ),
    (
        "/apis/apps/v1/namespaces/default/replicasets?dryRun=All",
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": "d1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"z": "1", "a": "2"}},
                "template": {
                    "metadata": {"labels": {"z": "1", "a": "2"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "c",
                                "image": "i",
                                "resources": {
                                    "requests": {"memory": "1Gi", "cpu": "1"},
                                    "limits": {"memory": "1Gi", "cpu": "2"},
                                },
                                "ports": [
                                    {"containerPort": 8080, "name": "web"},
                                    {"containerPort": 443, "name": "tls"},
                                ],
                                "env": [
                                    {"name": "A", "value": "b"},
                                    {
                                        "name": "N",
                                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                                    },
                                ],
                                "volumeMounts": [{"name": "v", "mountPath": "/x"}],
                                "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                            }
                        ],
                        "volumes": [
                            {"name": "v", "emptyDir": {}},
                            {
                                "name": "p",
                                "projected": {
                                    "sources": [
                                        {"secret": {"name": "x"}},
                                        {"serviceAccountToken": {"path": "t"}},
                                    ]
                                },
                            },
                        ],
                        "nodeSelector": {"z": "1", "b": "2"},
                        "tolerations": [{"key": "a", "operator": "Exists"}],
                        "securityContext": {"runAsUser": 1, "fsGroup": 2},
                    },
                },
            },
        },
    ),
    (
        "/apis/apps/v1/namespaces/default/daemonsets?dryRun=All",
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {
                "name": "d1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "selector": {"matchLabels": {"z": "1", "a": "2"}},
                "template": {
                    "metadata": {"labels": {"z": "1", "a": "2"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "c",
                                "image": "i",
                                "resources": {
                                    "requests": {"memory": "1Gi", "cpu": "1"},
                                    "limits": {"memory": "1Gi", "cpu": "2"},
                                },
                                "ports": [
                                    {"containerPort": 8080, "name": "web"},
                                    {"containerPort": 443, "name": "tls"},
                                ],
                                "env": [
                                    {"name": "A", "value": "b"},
                                    {
                                        "name": "N",
                                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                                    },
                                ],
                                "volumeMounts": [{"name": "v", "mountPath": "/x"}],
                                "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                            }
                        ],
                        "volumes": [
                            {"name": "v", "emptyDir": {}},
                            {
                                "name": "p",
                                "projected": {
                                    "sources": [
                                        {"secret": {"name": "x"}},
                                        {"serviceAccountToken": {"path": "t"}},
                                    ]
                                },
                            },
                        ],
                        "nodeSelector": {"z": "1", "b": "2"},
                        "tolerations": [{"key": "a", "operator": "Exists"}],
                        "securityContext": {"runAsUser": 1, "fsGroup": 2},
                    },
                },
            },
        },
    ),
    (
        "/apis/apps/v1/namespaces/default/statefulsets?dryRun=All",
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {
                "name": "d1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"z": "1", "a": "2"}},
                "template": {
                    "metadata": {"labels": {"z": "1", "a": "2"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "c",
                                "image": "i",
                                "resources": {
                                    "requests": {"memory": "1Gi", "cpu": "1"},
                                    "limits": {"memory": "1Gi", "cpu": "2"},
                                },
                                "ports": [
                                    {"containerPort": 8080, "name": "web"},
                                    {"containerPort": 443, "name": "tls"},
                                ],
                                "env": [
                                    {"name": "A", "value": "b"},
                                    {
                                        "name": "N",
                                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                                    },
                                ],
                                "volumeMounts": [{"name": "v", "mountPath": "/x"}],
                                "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                            }
                        ],
                        "volumes": [
                            {"name": "v", "emptyDir": {}},
                            {
                                "name": "p",
                                "projected": {
                                    "sources": [
                                        {"secret": {"name": "x"}},
                                        {"serviceAccountToken": {"path": "t"}},
                                    ]
                                },
                            },
                        ],
                        "nodeSelector": {"z": "1", "b": "2"},
                        "tolerations": [{"key": "a", "operator": "Exists"}],
                        "securityContext": {"runAsUser": 1, "fsGroup": 2},
                    },
                },
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "v"},
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": "1Gi"}},
                        },
                    }
                ],
            },
        },
    ),
    (
        "/apis/apps/v1/namespaces/default/controllerrevisions",
        {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": "cr1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "data": {"z": {"y": 1, "b": [1, 2]}, "a": 1.5},
            "revision": 1,
        },
    ),
    (
        "/apis/batch/v1/namespaces/default/jobs?dryRun=All",
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": "j1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "suspend": True,
                "template": {
                    "spec": {
                        "containers": [
                            {
                                "name": "c",
                                "image": "i",
                                "resources": {
                                    "requests": {"memory": "1Gi", "cpu": "1"},
                                    "limits": {"memory": "1Gi", "cpu": "2"},
                                },
                                "ports": [
                                    {"containerPort": 8080, "name": "web"},
                                    {"containerPort": 443, "name": "tls"},
                                ],
                                "env": [
                                    {"name": "A", "value": "b"},
                                    {
                                        "name": "N",
                                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                                    },
                                ],
                                "volumeMounts": [{"name": "v", "mountPath": "/x"}],
                                "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                            }
                        ],
                        "volumes": [
                            {"name": "v", "emptyDir": {}},
                            {
                                "name": "p",
                                "projected": {
                                    "sources": [
                                        {"secret": {"name": "x"}},
                                        {"serviceAccountToken": {"path": "t"}},
                                    ]
                                },
                            },
                        ],
                        "nodeSelector": {"z": "1", "b": "2"},
                        "tolerations": [{"key": "a", "operator": "Exists"}],
                        "securityContext": {"runAsUser": 1, "fsGroup": 2},
                        "restartPolicy": "Never",
                    }
                },
            },
        },
    ),
    (
        "/apis/batch/v1/namespaces/default/cronjobs?dryRun=All",
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {
                "name": "j1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "schedule": "* * * * *",
                "suspend": True,
                "jobTemplate": {
                    "spec": {
                        "template": {
                            "spec": {
                                "containers": [
                                    {
                                        "name": "c",
                                        "image": "i",
                                        "resources": {
                                            "requests": {"memory": "1Gi", "cpu": "1"},
                                            "limits": {"memory": "1Gi", "cpu": "2"},
                                        },
                                        "ports": [
                                            {"containerPort": 8080, "name": "web"},
                                            {"containerPort": 443, "name": "tls"},
                                        ],
                                        "env": [
                                            {"name": "A", "value": "b"},
                                            {
                                                "name": "N",
                                                "valueFrom": {
                                                    "fieldRef": {"fieldPath": "metadata.name"}
                                                },
                                            },
                                        ],
                                        "volumeMounts": [{"name": "v", "mountPath": "/x"}],
                                        "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                                    }
                                ],
                                "volumes": [
                                    {"name": "v", "emptyDir": {}},
                                    {
                                        "name": "p",
                                        "projected": {
                                            "sources": [
                                                {"secret": {"name": "x"}},
                                                {"serviceAccountToken": {"path": "t"}},
                                            ]
                                        },
                                    },
                                ],
                                "nodeSelector": {"z": "1", "b": "2"},
                                "tolerations": [{"key": "a", "operator": "Exists"}],
                                "securityContext": {"runAsUser": 1, "fsGroup": 2},
                                "restartPolicy": "Never",
                            }
                        }
                    }
                },
            },
        },
    ),
    (
        "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": "i1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "rules": [
                    {
                        "host": "a.b",
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": "x", "port": {"number": 80}}},
                                }
                            ]
                        },
                    }
                ],
                "tls": [{"secretName": "x", "hosts": ["a.b"]}],
            },
        },
    ),
    (
        "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {
                "name": "i1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "podSelector": {"matchLabels": {"z": "1", "a": "2"}},
                "ingress": [
                    {
                        "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}],
                        "ports": [{"port": 80}],
                    }
                ],
            },
        },
    ),
    (
        "/apis/policy/v1/namespaces/default/poddisruptionbudgets?dryRun=All",
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {
                "name": "i1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"selector": {"matchLabels": {"z": "1", "a": "2"}}, "maxUnavailable": 1},
        },
    ),
    (
        "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers?dryRun=All",
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {
                "name": "i1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "maxReplicas": 3,
                "scaleTargetRef": {"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"},
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 3},
                        },
                    }
                ],
            },
        },
    ),
    (
        "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers?dryRun=All",
        {
            "apiVersion": "autoscaling/v1",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {
                "name": "i1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "maxReplicas": 3,
                "scaleTargetRef": {"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"},
            },
        },
    ),
    (
        "/api/v1/nodes?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"podCIDR": "10.0.0.0/24", "taints": [{"key": "a", "effect": "NoSchedule"}]},
            "status": {
                "capacity": {"memory": "1Gi", "cpu": "1"},
                "addresses": [{"type": "InternalIP", "address": "1.2.3.4"}],
            },
        },
    ),
    (
        "/api/v1/persistentvolumes?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "hostPath": {"path": "/tmp"},
                "claimRef": {"name": "a", "namespace": "b"},
            },
        },
    ),
    (
        "/api/v1/namespaces/default/persistentvolumeclaims?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "resources": {"requests": {"storage": "1Gi"}},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "x",
            },
        },
    ),
    (
        "/api/v1/namespaces?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
        },
    ),
    (
        "/api/v1/namespaces/default/serviceaccounts?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "imagePullSecrets": [{"name": "x"}],
        },
    ),
    (
        "/api/v1/namespaces/default/endpoints",
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "subsets": [
                {
                    "addresses": [
                        {
                            "ip": "1.2.3.4",
                            "targetRef": {"kind": "Pod", "name": "x", "namespace": "y"},
                            "nodeName": "q",
                        }
                    ],
                    "ports": [{"port": 80, "name": "x"}],
                }
            ],
        },
    ),
    (
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?dryRun=All",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "addressType": "IPv4",
            "endpoints": [
                {
                    "addresses": ["1.2.3.4"],
                    "conditions": {"ready": True},
                    "targetRef": {"kind": "Pod", "name": "x"},
                    "zone": "a",
                }
            ],
            "ports": [{"port": 80, "name": "x", "protocol": "TCP"}],
        },
    ),
    (
        "/api/v1/namespaces/default/events",
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": "e1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "involvedObject": {"kind": "Pod", "name": "x", "namespace": "default"},
            "reason": "r",
            "message": "m",
            "type": "Normal",
            "count": 1,
            "source": {"component": "x"},
            "firstTimestamp": "2026-01-01T00:00:00Z",
            "lastTimestamp": "2026-01-01T00:00:00Z",
        },
    ),
    (
        "/apis/events.k8s.io/v1/namespaces/default/events",
        {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": "e2",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "regarding": {"kind": "Pod", "name": "x", "namespace": "default"},
            "reason": "r",
            "note": "m",
            "type": "Normal",
            "action": "a",
            "reportingController": "q",
            "reportingInstance": "q",
            "eventTime": "2026-01-01T00:00:00.000000Z",
        },
    ),
    (
        "/api/v1/namespaces/default/limitranges?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"limits": [{"type": "Container", "default": {"memory": "1Gi", "cpu": "1"}}]},
        },
    ),
    (
        "/api/v1/namespaces/default/resourcequotas?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"hard": {"pods": "1", "cpu": "2"}},
        },
    ),
    (
        "/api/v1/namespaces/default/replicationcontrollers?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "ReplicationController",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "replicas": 0,
                "selector": {"z": "1", "a": "2"},
                "template": {
                    "metadata": {"labels": {"z": "1", "a": "2"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "c",
                                "image": "i",
                                "resources": {
                                    "requests": {"memory": "1Gi", "cpu": "1"},
                                    "limits": {"memory": "1Gi", "cpu": "2"},
                                },
                                "ports": [
                                    {"containerPort": 8080, "name": "web"},
                                    {"containerPort": 443, "name": "tls"},
                                ],
                                "env": [
                                    {"name": "A", "value": "b"},
                                    {
                                        "name": "N",
                                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                                    },
                                ],
                                "volumeMounts": [{"name": "v", "mountPath": "/x"}],
                                "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                            }
                        ],
                        "volumes": [
                            {"name": "v", "emptyDir": {}},
                            {
                                "name": "p",
                                "projected": {
                                    "sources": [
                                        {"secret": {"name": "x"}},
                                        {"serviceAccountToken": {"path": "t"}},
                                    ]
                                },
                            },
                        ],
                        "nodeSelector": {"z": "1", "b": "2"},
                        "tolerations": [{"key": "a", "operator": "Exists"}],
                        "securityContext": {"runAsUser": 1, "fsGroup": 2},
                    },
                },
            },
        },
    ),
    (
        "/api/v1/namespaces/default/podtemplates?dryRun=All",
        {
            "apiVersion": "v1",
            "kind": "PodTemplate",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "template": {
                "metadata": {"labels": {"z": "1", "a": "2"}},
                "spec": {
                    "containers": [
                        {
                            "name": "c",
                            "image": "i",
                            "resources": {
                                "requests": {"memory": "1Gi", "cpu": "1"},
                                "limits": {"memory": "1Gi", "cpu": "2"},
                            },
                            "ports": [
                                {"containerPort": 8080, "name": "web"},
                                {"containerPort": 443, "name": "tls"},
                            ],
                            "env": [
                                {"name": "A", "value": "b"},
                                {
                                    "name": "N",
                                    "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                                },
                            ],
                            "volumeMounts": [{"name": "v", "mountPath": "/x"}],
                            "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                        }
                    ],
                    "volumes": [
                        {"name": "v", "emptyDir": {}},
                        {
                            "name": "p",
                            "projected": {
                                "sources": [
                                    {"secret": {"name": "x"}},
                                    {"serviceAccountToken": {"path": "t"}},
                                ]
                            },
                        },
                    ],
                    "nodeSelector": {"z": "1", "b": "2"},
                    "tolerations": [{"key": "a", "operator": "Exists"}],
                    "securityContext": {"runAsUser": 1, "fsGroup": 2},
                },
            },
        },
    ),
    (
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"z": "1", "a": "2"}}]},
        },
    ),
    (
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "subjects": [{"kind": "User", "name": "x"}],
            "roleRef": {
                "name": "x",
                "kind": "ClusterRole",
                "apiGroup": "rbac.authorization.k8s.io",
            },
        },
    ),
    (
        "/apis/storage.k8s.io/v1/storageclasses?dryRun=All",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "provisioner": "x",
            "parameters": {"z": "1", "a": "2"},
            "mountOptions": ["a"],
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "x", "values": ["a"]}]}],
        },
    ),
    (
        "/apis/storage.k8s.io/v1/csidrivers?dryRun=All",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSIDriver",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"podInfoOnMount": True, "tokenRequests": [{"audience": "a"}]},
        },
    ),
    (
        "/apis/storage.k8s.io/v1/csinodes?dryRun=All",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSINode",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"drivers": [{"name": "a", "nodeID": "x", "topologyKeys": ["q"]}]},
        },
    ),
    (
        "/apis/storage.k8s.io/v1/volumeattachments?dryRun=All",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "VolumeAttachment",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"attacher": "x", "nodeName": "n", "source": {"persistentVolumeName": "q"}},
        },
    ),
    (
        "/apis/scheduling.k8s.io/v1/priorityclasses?dryRun=All",
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "value": 3,
            "description": "x",
        },
    ),
    (
        "/apis/node.k8s.io/v1/runtimeclasses?dryRun=All",
        {
            "apiVersion": "node.k8s.io/v1",
            "kind": "RuntimeClass",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "handler": "x",
            "overhead": {"podFixed": {"memory": "1", "cpu": "1"}},
            "scheduling": {"nodeSelector": {"z": "1", "a": "2"}},
        },
    ),
    (
        "/apis/coordination.k8s.io/v1/namespaces/default/leases?dryRun=All",
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "holderIdentity": "a",
                "renewTime": "2026-01-01T00:00:00.000000Z",
                "acquireTime": "2026-01-01T00:00:00.000000Z",
                "leaseDurationSeconds": 3,
                "leaseTransitions": 1,
            },
        },
    ),
    (
        "/apis/certificates.k8s.io/v1/certificatesigningrequests?dryRun=All",
        {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"request": "AAA=", "signerName": "a.b/c", "usages": ["client auth"]},
        },
    ),
    (
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?dryRun=All",
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "webhooks": [
                {
                    "name": "a.b.c",
                    "clientConfig": {"url": "https://x/y"},
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "rules": [
                        {
                            "apiGroups": ["q"],
                            "apiVersions": ["v1"],
                            "resources": ["z"],
                            "operations": ["CREATE"],
                        }
                    ],
                }
            ],
        },
    ),
    (
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations?dryRun=All",
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "webhooks": [
                {
                    "name": "a.b.c",
                    "clientConfig": {"service": {"name": "a", "namespace": "b", "path": "/x"}},
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "rules": [
                        {
                            "apiGroups": ["q"],
                            "apiVersions": ["v1"],
                            "resources": ["z"],
                            "operations": ["CREATE"],
                        }
                    ],
                }
            ],
        },
    ),
    (
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies?dryRun=All",
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "matchConstraints": {
                    "resourceRules": [
                        {
                            "apiGroups": ["q"],
                            "apiVersions": ["v1"],
                            "resources": ["z"],
                            "operations": ["CREATE"],
                        }
                    ]
                },
                "validations": [{"expression": "1 < 2 && true"}],
            },
        },
    ),
    (
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings?dryRun=All",
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"policyName": "x", "validationActions": ["Deny"]},
        },
    ),
    (
        "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas?dryRun=All",
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "FlowSchema",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "priorityLevelConfiguration": {"name": "x"},
                "matchingPrecedence": 5,
                "rules": [
                    {
                        "subjects": [{"kind": "User", "user": {"name": "x"}}],
                        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}],
                    }
                ],
            },
        },
    ),
    (
        "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations?dryRun=All",
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "PriorityLevelConfiguration",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "type": "Limited",
                "limited": {"nominalConcurrencyShares": 3, "limitResponse": {"type": "Queue"}},
            },
        },
    ),
    (
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {
                "name": "foos.q.io",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "group": "q.io",
                "scope": "Namespaced",
                "names": {"kind": "Foo", "plural": "foos", "shortNames": ["fo"]},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "subresources": {"status": {}},
                        "additionalPrinterColumns": [
                            {"name": "A", "type": "string", "jsonPath": ".spec.a"}
                        ],
                        "schema": {
                            "openAPIV3Schema": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                                "properties": {
                                    "spec": {
                                        "type": "object",
                                        "default": {"z": 1, "b": 2},
                                        "properties": {
                                            "z": {"type": "integer"},
                                            "b": {
                                                "type": "integer",
                                                "default": 3,
                                                "description": "a<b",
                                            },
                                        },
                                        "x-kubernetes-validations": [{"rule": "self.z < 5"}],
                                        "required": ["b"],
                                    }
                                },
                            }
                        },
                    }
                ],
            },
        },
    ),
    (
        "/apis/resource.k8s.io/v1/deviceclasses?dryRun=All",
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceClass",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "selectors": [{"cel": {"expression": "true"}}],
                "config": [
                    {"opaque": {"driver": "a.b", "parameters": {"z": 1, "a": {"y": 1, "b": 1.0}}}}
                ],
            },
        },
    ),
    (
        "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims?dryRun=All",
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "devices": {
                    "requests": [{"name": "a", "exactly": {"deviceClassName": "x"}}],
                    "config": [
                        {
                            "opaque": {
                                "driver": "a.b",
                                "parameters": {"z": 1, "a": {"y": 1, "b": 1.0}},
                            }
                        }
                    ],
                }
            },
        },
    ),
    (
        "/apis/resource.k8s.io/v1/resourceslices?dryRun=All",
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {
                "driver": "a.b",
                "nodeName": "x",
                "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
                "devices": [
                    {
                        "name": "z",
                        "attributes": {"z": {"string": "a"}, "a": {"int": 3}},
                        "capacity": {"z": {"value": "1"}, "a": {"value": "2"}},
                    }
                ],
            },
        },
    ),
    (
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}},
        },
    ),
    (
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {
                "name": "n1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"user": "x", "resourceAttributes": {"verb": "get", "resource": "pods"}},
        },
    ),
    (
        "/apis/q.io/v1/namespaces/default/foos",
        {
            "apiVersion": "q.io/v1",
            "kind": "Foo",
            "metadata": {
                "name": "f1",
                "labels": {"z": "1", "a": "q", "m-b": "x", "B": "y"},
                "annotations": {"z": 'é \u2028 \t \x01 \\ " /', "a": "<b>"},
            },
            "spec": {"z": 4},
            "zz": {"b": 1, "a": 1.5, "<": "x<y"},
        },
    ),
)
