"""Where the document says less than Kubernetes does. Each entry says why; each must still apply.

`check` fails when an entry names what the document no longer has.
"""

from typing import Any, Final

# Definitions that are written as something else than a Struct.
SCALARS: Final = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "Quantity",  # text or number
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "Time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "MicroTime",
    # Free-form JSON: the document gives no properties because there are none to give.
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "Json",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": "Json",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "Json",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "Json",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "Json",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "Json",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "Json",
}

# Groups whose optional strings are plain in Kubernetes (`omitempty`: absent and empty are the same),
# except those below. They default to "". In the other groups an optional string defaults to None.
PLAIN_STRING_GROUPS: Final = frozenset(
    (
        "apps",
        "autoscaling",
        "batch",
        "coordination",
        "core",
        "discovery",
        "events",
        "meta",
        "networking",
        "policy",
        "rbac",
        "scheduling",
        "storage",
    )
)

# Strings that are pointers in Kubernetes, where "" and absent mean different things, by field ...
POINTER_FIELDS: Final = frozenset(
    (
        "appProtocol",
        "cachingMode",
        "completionMode",
        "currentVolumeAttributesClassName",
        "fsGroupChangePolicy",
        "fsGroupPolicy",
        "gmsaCredentialSpec",
        "gmsaCredentialSpecName",
        "holderIdentity",
        "hostnameOverride",
        "ingressClassName",
        "initiatorName",
        "internalTrafficPolicy",
        "ipFamilyPolicy",
        "loadBalancerClass",
        "localhostProfile",
        "managedBy",
        "matchLabelKeys",
        "mountPropagation",
        "nodeAffinityPolicy",
        "nodeTaintsPolicy",
        "pathType",
        "persistentVolumeName",
        "podReplacementPolicy",
        "preemptionPolicy",
        "preferredHolder",
        "procMount",
        "reclaimPolicy",
        "recursiveReadOnly",
        "resourceClaimName",
        "resourceClaimTemplateName",
        "runAsUserName",
        "runtimeClassName",
        "seLinuxChangePolicy",
        "selectPolicy",
        "stopSignal",
        "storageClassName",
        "supplementalGroupsPolicy",
        "timeZone",
        "unhealthyPodEvictionPolicy",
        "volumeAttributesClassName",
        "volumeBindingMode",
        "volumeMode",
    )
)
# ... and where only one type's field of that name is.
POINTERS: Final = frozenset(
    (
        ("admissionregistration.v1.MutatingWebhook", "sideEffects"),
        ("admissionregistration.v1.ValidatingWebhook", "sideEffects"),
        ("core.v1.Container", "restartPolicy"),
        ("core.v1.EphemeralContainer", "restartPolicy"),
        ("core.v1.EndpointAddress", "nodeName"),
        ("core.v1.GRPCAction", "service"),
        ("core.v1.HostPathVolumeSource", "type"),
        ("core.v1.PodDNSConfigOption", "value"),
        ("core.v1.TypedLocalObjectReference", "apiGroup"),
        ("core.v1.TypedObjectReference", "apiGroup"),
        ("core.v1.TypedObjectReference", "namespace"),
        ("batch.v1.JobStatus", "failedIndexes"),
        ("batch.v1.PodFailurePolicyOnExitCodesRequirement", "containerName"),
        ("coordination.v1.LeaseSpec", "strategy"),
        ("discovery.v1.Endpoint", "hostname"),
        ("discovery.v1.Endpoint", "nodeName"),
        ("discovery.v1.Endpoint", "zone"),
        ("discovery.v1.EndpointPort", "name"),
        ("discovery.v1.EndpointPort", "protocol"),
        ("meta.v1.DeleteOptions", "propagationPolicy"),
        ("meta.v1.Preconditions", "resourceVersion"),
        ("meta.v1.Preconditions", "uid"),
        ("networking.v1.NetworkPolicyPort", "protocol"),
        ("networking.v1.IngressClassParametersReference", "apiGroup"),
        ("networking.v1.IngressClassParametersReference", "namespace"),
    )
)

# Fields that Kubernetes writes even if they are empty, and that are left out here: no object without them
# is ever stored, and in the interpreter many are made in parts.
PARTS: Final = frozenset(
    (
        ("apps.v1.DaemonSetSpec", "selector"),
        ("apps.v1.DeploymentSpec", "selector"),
        ("apps.v1.ReplicaSetSpec", "selector"),
        ("apps.v1.ReplicaSetSpec", "template"),
        ("apps.v1.StatefulSetSpec", "selector"),
        ("core.v1.Pod", "spec"),
        ("core.v1.Pod", "status"),
        ("core.v1.PodTemplate", "template"),
        ("core.v1.PodTemplateSpec", "spec"),
    )
)

# Families of core/v1: a module each, and the kinds from which it is reached. A type lives in the
# first family that reaches it, so that no module needs a later one.
CORE_FAMILIES: Final = {
    "references": ("ObjectReference", "LocalObjectReference", "SecretReference", "NodeSelector"),
    "volumes": ("Volume", "PersistentVolumeList", "PersistentVolumeClaimList"),
    "containers": ("Container", "EphemeralContainer", "ContainerStatus"),
    "pods": ("PodList", "PodTemplateList", "Binding"),
    "nodes": ("NodeList",),
    "services": ("ServiceList", "EndpointsList"),
    "config": ("ConfigMapList", "SecretList", "ServiceAccountList"),
    "replication": ("ReplicationControllerList",),
    "policy": ("LimitRangeList", "ResourceQuotaList"),
    "cluster": ("NamespaceList", "EventList", "ComponentStatusList"),
}

# Lists that cannot be watched: they are made up when they are asked for. The document gives all lists
# the parameter `watch`.
NOT_WATCHED: Final = frozenset(("componentstatuses",))

# Short names and categories are not in the document; these are Kubernetes' own.
SHORT_NAMES: Final = {
    "certificatesigningrequests.certificates.k8s.io": ("csr",),
    "componentstatuses": ("cs",),
    "configmaps": ("cm",),
    "cronjobs.batch": ("cj",),
    "customresourcedefinitions.apiextensions.k8s.io": ("crd", "crds"),
    "daemonsets.apps": ("ds",),
    "deployments.apps": ("deploy",),
    "endpoints": ("ep",),
    "events": ("ev",),
    "events.events.k8s.io": ("ev",),
    "horizontalpodautoscalers.autoscaling": ("hpa",),
    "ingresses.networking.k8s.io": ("ing",),
    "ipaddresses.networking.k8s.io": ("ip",),
    "limitranges": ("limits",),
    "namespaces": ("ns",),
    "networkpolicies.networking.k8s.io": ("netpol",),
    "nodes": ("no",),
    "persistentvolumeclaims": ("pvc",),
    "persistentvolumes": ("pv",),
    "poddisruptionbudgets.policy": ("pdb",),
    "pods": ("po",),
    "priorityclasses.scheduling.k8s.io": ("pc",),
    "replicasets.apps": ("rs",),
    "replicationcontrollers": ("rc",),
    "resourcequotas": ("quota",),
    "serviceaccounts": ("sa",),
    "services": ("svc",),
    "statefulsets.apps": ("sts",),
    "storageclasses.storage.k8s.io": ("sc",),
    "volumeattributesclasses.storage.k8s.io": ("vac",),
}
CATEGORIES: Final = {
    "all": (
        "cronjobs.batch",
        "daemonsets.apps",
        "deployments.apps",
        "horizontalpodautoscalers.autoscaling",
        "jobs.batch",
        "pods",
        "replicasets.apps",
        "replicationcontrollers",
        "services",
        "statefulsets.apps",
    ),
    "api-extensions": (
        "apiservices.apiregistration.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
    ),
}


def check(document: dict[str, Any], resource_keys: frozenset[str]) -> None:
    """Raise ValueError naming every entry that no longer applies to `document`."""
    from orchestrator.api.generate.names import type_name

    definitions = document["definitions"]
    fields = {
        (".".join(type_name(name)), field)
        for name, schema in definitions.items()
        for field in schema.get("properties", ())
    }
    stale = [name for name in SCALARS if name not in definitions]
    named_fields = (*POINTERS, *sorted(PARTS))
    stale += [f"{name}.{field}" for name, field in named_fields if (name, field) not in fields]
    named = {field for _, field in fields}
    stale += [field for field in sorted(POINTER_FIELDS) if field not in named]
    core = {type_name(n).name for n in definitions if type_name(n)[:2] == ("core", "v1")}
    stale += [r for roots in CORE_FAMILIES.values() for r in roots if r not in core]
    keys = {*SHORT_NAMES, *(key for members in CATEGORIES.values() for key in members)}
    stale += sorted(keys - resource_keys)
    if stale:
        raise ValueError(f"fix-ups that no longer apply: {', '.join(stale)}")
