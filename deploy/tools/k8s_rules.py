"""Our own rules for rendered manifests, the ones a schema cannot know. k8s_rules_test.py breaks each of them once.

    k8s_rules.py RENDERED.yaml            complains about each breach, exit code 1
    k8s_rules.py --whole-objects FOLDER   lists files that hold complete objects (no patch, no kustomization)
"""

import pathlib
import re
import sys

import yaml

# Made on the spot with keys nobody else may see; k8s/README.md says how.
SECRETS_MADE_BY_HAND = {
    "identity", "reference", "receipt", "vault", "webhook", "nats-accounts", "provision-nkey", "archivist-nkey", "auditor-nkey",
    "responder-nkey",
    "casebook-nkey", "intake-nkey", "triage-nkey", "dispatch-nkey", "enforcement-center-nkey", "evaluation-nkey",
    "notification-nkey", "powers-nkey",
}
WORKLOADS = {"Deployment", "StatefulSet", "Job", "CronJob"}
# Their pods end by themselves.
JOBS = {"Job", "CronJob"}
DRAIN_S_MARGIN = 5
# What must not stand in a ConfigMap, an argument or the environment: seeds of NATS keys, private keys, tokens.
SECRET_TEXT = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bS[ACUNO][A-Z2-7]{56}\b|\beyJ[\w-]+\.[\w-]+\.[\w-]+")
SECRET_FLAG = re.compile(r"--(token|password|seed|secret)(=|$)")
UNITS = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 1e3, "M": 1e6, "G": 1e9, "": 1}


def main(arguments):
    if arguments[:1] == ["--whole-objects"]:
        print(*whole_objects(pathlib.Path(arguments[1])), sep="\n")
        return 0
    (rendered,) = arguments
    objects = [o for o in yaml.safe_load_all(pathlib.Path(rendered).read_text()) if o]
    breaches = all_breaches(objects)
    for breach in breaches:
        print("k8s-check:", breach, file=sys.stderr)
    return 1 if breaches else 0


def all_breaches(objects):
    return [b for o in objects for b in breaches_of(o, objects)] + breaches_of_all(objects)


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
        for breach in [*breaches_of_pod(thing, objects), *breaches_of_running(thing, objects)]:
            yield f"{name} {breach}"
    if thing["kind"] == "Service":
        yield from breaches_of_service(name, thing, objects)
    if thing["kind"] == "PodDisruptionBudget":
        yield from allows_nothing(name, thing, objects)
    if thing["kind"] == "NetworkPolicy":
        for rule in thing["spec"].get("ingress", []):
            if not rule.get("from"):
                yield f"{name} lets everybody in"
    if thing["kind"] == "ConfigMap":
        for key, value in {**thing.get("data", {}), **thing.get("binaryData", {})}.items():
            if SECRET_TEXT.search(value):
                yield f"{name} shows a secret in {key}; it belongs in a Secret"
        if sum(map(len, thing.get("data", {}).values())) > 1_000_000:
            yield f"{name} is larger than a ConfigMap may be (1 MiB)"


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


def breaches_of_running(workload, objects):
    """How it runs, ends, and survives the loss of a machine."""
    kind, spec, template = workload["kind"], workload["spec"], template_of(workload)
    pod, labels = template["spec"], template["metadata"].get("labels", {})
    for what in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
        if pod.get(what):
            yield f"shares {what} with others"
    if pod.get("securityContext", {}).get("runAsUser") == 0:
        yield "runs as root"
    if pod.get("enableServiceLinks") is not False:
        yield "gets the addresses of every Service as variables, which may be taken for settings"
    mounted = {m["name"] for c in pod.get("initContainers", []) + pod["containers"] for m in c.get("volumeMounts", [])}
    claimed = {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])}
    volumes = {volume["name"] for volume in pod.get("volumes", [])} | claimed
    for volume in pod.get("volumes", []):
        if "hostPath" in volume:
            yield f"reaches into the machine ({volume['name']})"
        if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
            yield f"may fill the machine's disk ({volume['name']} has no sizeLimit)"
        mode = volume.get("secret", {}).get("defaultMode", 0o440)
        if mode & 0o007:
            yield f"lets every user of its container read {volume['name']}"
    for name in sorted(mounted - volumes):
        yield f"mounts {name}, which is no volume of it"
    for name in sorted(volumes - mounted):
        yield f"has the volume {name} and does not mount it"
    if "app.kubernetes.io/name" not in labels:
        yield "has no app.kubernetes.io/name on its pods"
    if kind == "CronJob":
        if spec.get("concurrencyPolicy") != "Forbid":
            yield "may run beside itself"
        if "startingDeadlineSeconds" not in spec:
            yield "has no startingDeadlineSeconds: after a hundred missed runs it never starts again"
        if "timeZone" not in spec:
            yield "runs by the clock of the cluster, whatever that is"
    if kind in JOBS:
        job = spec["jobTemplate"]["spec"] if kind == "CronJob" else spec
        if "activeDeadlineSeconds" not in job:
            yield "may run for ever"
        return
    budgets = [o for o in objects if o["kind"] == "PodDisruptionBudget" and matches(o["spec"]["selector"], labels)]
    if spec.get("replicas", 1) > 1:
        if not budgets:
            yield "has no disruption budget: a drained node takes all of it"
        apart = pod.get("topologySpreadConstraints") or pod.get("affinity", {}).get("podAntiAffinity")
        if not apart:
            yield "may have all its replicas on one machine"
    if kind == "StatefulSet":
        kept = spec.get("persistentVolumeClaimRetentionPolicy", {})
        if "Delete" in kept.values():
            yield "deletes its volumes with itself: they are the record"
    if kind == "Deployment" and spec.get("strategy", {}).get("rollingUpdate", {}).get("maxUnavailable", 1) != 0:
        yield "is away for a moment at every rollout (maxUnavailable is not 0)"


def breaches_of_service(name, service, objects):
    spec = service["spec"]
    if spec.get("type", "ClusterIP") != "ClusterIP":
        yield f"{name} is open to the outside ({spec['type']}); an ingress with TLS stands in between"
    pods = [template_of(o) for o in objects if o["kind"] in WORKLOADS]
    chosen = [p for p in pods if matches({"matchLabels": spec.get("selector", {})}, p["metadata"].get("labels", {}))]
    ports = [port for p in chosen for c in p["spec"]["containers"] for port in c.get("ports", [])]
    known = {port.get("name") for port in ports} | {port["containerPort"] for port in ports}
    for port in spec.get("ports", []):
        target = port.get("targetPort", port["port"])
        if chosen and target not in known:
            yield f"{name} leads to port {target}, where nobody listens"


def allows_nothing(name, budget, objects):
    spec = budget["spec"]
    if spec.get("maxUnavailable") in (0, "0%") or spec.get("minAvailable") == "100%":
        yield f"{name} never lets a node be drained"
    least = spec.get("minAvailable")
    for o in objects:
        replicas = o["spec"].get("replicas", 1) if o["kind"] in {"Deployment", "StatefulSet"} else None
        if replicas and isinstance(least, int) and least >= replicas:
            if matches(spec["selector"], template_of(o)["metadata"].get("labels", {})):
                yield f"{name} never lets a node be drained: {o['metadata']['name']} has {replicas} replicas"


def quantity(text):
    number, unit = re.fullmatch(r"([\d.]+)(\w*)", str(text)).groups()
    return float(number) * UNITS[unit]


def breaches_of_container(container, kind):
    security = container.get("securityContext", {})
    if security.get("privileged"):
        yield "is privileged"
    if security.get("capabilities", {}).get("add"):
        yield "asks for capabilities"
    if "seccompProfile" in security and security["seccompProfile"].get("type") != "RuntimeDefault":
        yield "leaves the seccomp profile of its pod"
    for variable in container.get("env", []):
        if "secretKeyRef" in variable.get("valueFrom", {}):
            yield f"has the secret {variable['name']} in its environment; it is mounted as a file"
        if SECRET_TEXT.search(str(variable.get("value", ""))):
            yield f"shows a secret in {variable['name']}"
    names = [variable["name"] for variable in container.get("env", [])]
    for twice in sorted({name for name in names if names.count(name) > 1}):
        yield f"sets {twice} twice"
    words = [*container.get("command", []), *container.get("args", [])]
    if any(SECRET_FLAG.search(word) or SECRET_TEXT.search(word) for word in words):
        yield "has a secret in its arguments, which everybody on the machine reads"
    live, ready = container.get("livenessProbe"), container.get("readinessProbe")
    if live and ready and {k: live.get(k) for k in ("httpGet", "grpc")} == {k: ready.get(k) for k in ("httpGet", "grpc")}:
        yield "is killed when it is only not ready (one probe for both)"
    sizes = container.get("resources", {})
    for what in set(sizes.get("requests", {})) & set(sizes.get("limits", {})):
        if quantity(sizes["requests"][what]) > quantity(sizes["limits"][what]):
            yield f"requests more {what} than it may have"
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
