"""Our own rules for rendered manifests, the ones a schema cannot know.

    k8s_rules.py RENDERED.yaml            complains about each breach, exit code 1
    k8s_rules.py --whole-objects FOLDER   lists files that hold complete objects (no patch, no kustomization)
"""

import pathlib
import sys

import yaml

# Made on the spot with keys nobody else may see; k8s/README.md says how.
SECRETS_MADE_BY_HAND = {
    "identity", "reference", "receipt", "webhook", "nats-accounts", "provision-nkey", "archivist-nkey", "auditor-nkey",
    "responder-nkey",
    "casebook-nkey", "intake-nkey", "triage-nkey", "dispatch-nkey", "enforcement-center-nkey", "evaluation-nkey",
    "notification-nkey", "powers-nkey",
}
WORKLOADS = {"Deployment", "StatefulSet", "Job", "CronJob"}
# Their pods end by themselves.
JOBS = {"Job", "CronJob"}
DRAIN_S_MARGIN = 5


def main(arguments):
    if arguments[:1] == ["--whole-objects"]:
        print(*whole_objects(pathlib.Path(arguments[1])), sep="\n")
        return 0
    (rendered,) = arguments
    objects = [o for o in yaml.safe_load_all(pathlib.Path(rendered).read_text()) if o]
    breaches = [b for o in objects for b in breaches_of(o, objects)] + breaches_of_all(objects)
    for breach in breaches:
        print("k8s-check:", breach, file=sys.stderr)
    return 1 if breaches else 0


def whole_objects(folder):
    patches = set()
    for file in folder.rglob("kustomization.yaml"):
        for patch in yaml.safe_load(file.read_text()).get("patches", []):
            if "path" in patch:
                patches.add((file.parent / patch["path"]).resolve())
    for file in sorted(folder.rglob("*.yaml")):
        if file.name != "kustomization.yaml" and file.resolve() not in patches:
            yield file


def breaches_of(thing, objects):
    name = f"{thing['kind']} {thing['metadata']['name']}"
    if thing["kind"] == "ServiceAccount" and thing.get("automountServiceAccountToken") is not False:
        yield f"{name} mounts its token by default"
    if thing["kind"] in {"Service", "PodDisruptionBudget", "NetworkPolicy"}:
        yield from selects_nothing(name, thing, objects)
    if thing["kind"] in WORKLOADS:
        for breach in breaches_of_pod(thing, objects):
            yield f"{name} {breach}"


def template_of(workload):
    spec = workload["spec"]
    return spec["jobTemplate"]["spec"]["template"] if workload["kind"] == "CronJob" else spec["template"]


def breaches_of_pod(workload, objects):
    template = template_of(workload)
    pod = template["spec"]
    security = pod.get("securityContext", {})
    if security.get("runAsNonRoot") is not True:
        yield "may run as root"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if pod.get("automountServiceAccountToken") is not False:
        yield "gets a token for the Kubernetes API"
    accounts = {o["metadata"]["name"] for o in objects if o["kind"] == "ServiceAccount"}
    if pod.get("serviceAccountName") not in accounts:
        yield "has no service account of its own"
    for container in pod.get("initContainers", []) + pod["containers"]:
        yield from breaches_of_container(container, workload["kind"])
    yield from dangling_references(pod, objects)
    settings = settings_of(pod, objects)
    drain = int(settings.get("HUYING_DRAIN_S_MAX", 0))
    if workload["kind"] not in JOBS and drain:
        pre_stop = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if pod.get("terminationGracePeriodSeconds", 30) < drain + pre_stop + DRAIN_S_MARGIN:
            yield f"is killed before a drain of {drain} s is over"
    if workload["metadata"]["name"] == "provision" and not settings.get("HUYING_CHARTER"):
        yield "names no charter (HUYING_CHARTER), and an empty record has to be given one"
    if workload["kind"] not in JOBS:
        labels = template["metadata"]["labels"]
        wanted = workload["spec"]["selector"]["matchLabels"]
        if not wanted or wanted.items() - labels.items():
            yield "does not select its own pods"


def breaches_of_container(container, kind):
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False:
        yield "may escalate privileges"
    if security.get("readOnlyRootFilesystem") is not True:
        yield "may write to its root file system"
    if security.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "keeps capabilities"
    resources = container.get("resources", {})
    for side in ("requests", "limits"):
        for what in ("cpu", "memory"):
            if what not in resources.get(side, {}):
                yield f"has no {what} in its {side}"
    tag = container["image"].rpartition("/")[2].partition(":")[2]
    if tag in {"", "latest"} and "@" not in container["image"]:
        yield f"runs the image {container['image']}, whatever that is today"
    if kind not in JOBS:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe not in container:
                yield f"has no {probe}"


def dangling_references(pod, objects):
    maps = {o["metadata"]["name"] for o in objects if o["kind"] == "ConfigMap"}
    for kind, name in references(pod):
        known = maps if kind == "ConfigMap" else SECRETS_MADE_BY_HAND
        if name not in known:
            yield f"needs the {kind} {name}, which nobody makes"


def references(pod):
    for volume in pod.get("volumes", []):
        sources = [volume, *volume.get("projected", {}).get("sources", [])]
        for source in sources:
            if "secret" in source:
                yield "Secret", source["secret"].get("secretName") or source["secret"].get("name")
            if "configMap" in source:
                yield "ConfigMap", source["configMap"]["name"]
    for container in pod["containers"]:
        for source in container.get("envFrom", []):
            yield "ConfigMap", source["configMapRef"]["name"]
        for variable in container.get("env", []):
            key = variable.get("valueFrom", {}).get("configMapKeyRef")
            if key:
                yield "ConfigMap", key["name"]


def settings_of(pod, objects):
    wanted = {s["configMapRef"]["name"] for c in pod["containers"] for s in c.get("envFrom", [])}
    found = (o["data"] for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] in wanted)
    return {key: value for data in found for key, value in data.items()}


def selects_nothing(name, thing, objects):
    spec = thing["spec"]
    if thing["kind"] == "NetworkPolicy":
        selector = spec["podSelector"]
        if not selector:
            return
    elif thing["kind"] == "PodDisruptionBudget":
        selector = spec["selector"]
    else:
        selector = {"matchLabels": spec.get("selector", {})}
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield f"{name} selects every pod"
    templates = [template_of(o)["metadata"]["labels"] for o in objects if o["kind"] in WORKLOADS]
    if not any(matches(selector, labels) for labels in templates):
        yield f"{name} selects no pod"
    for rule in spec.get("ingress", []) + spec.get("egress", []) if thing["kind"] == "NetworkPolicy" else []:
        for peer in rule.get("from", []) + rule.get("to", []):
            if set(peer) == {"podSelector"} and not any(matches(peer["podSelector"], labels) for labels in templates):
                yield f"{name} lets pods talk that do not exist: {peer['podSelector']}"


def matches(selector, labels):
    plain = selector.get("matchLabels", {}).items() <= labels.items()
    return plain and all(
        e["operator"] == "In" and labels.get(e["key"]) in e["values"] for e in selector.get("matchExpressions", [])
    )


def breaches_of_all(objects):
    namespaces = {o["metadata"]["name"]: o["metadata"].get("labels", {}) for o in objects if o["kind"] == "Namespace"}
    found = []
    for name, labels in namespaces.items():
        if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            found.append(f"Namespace {name} does not enforce the restricted pod security standard")
        denials = [
            o for o in objects
            if o["kind"] == "NetworkPolicy" and o["metadata"].get("namespace") == name
            and not o["spec"]["podSelector"] and set(o["spec"]["policyTypes"]) == {"Ingress", "Egress"}
            and not o["spec"].get("ingress") and not o["spec"].get("egress")
        ]
        if not denials:
            found.append(f"Namespace {name} has no policy that denies everything first")
    for o in objects:
        if o["kind"] != "Namespace" and o["metadata"].get("namespace") not in namespaces:
            found.append(f"{o['kind']} {o['metadata']['name']} is in no namespace of ours")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
