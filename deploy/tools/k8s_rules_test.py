"""Breaks a good rendering in one place at a time; each time k8s_rules.py has to complain, and of that.

    k8s_rules_test.py RENDERED.yaml       a rendering of overlays/production, with components/nats
"""

import copy
import pathlib
import sys

import yaml

import k8s_rules as rules


def thing(objects, kind, name):
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)


def pod_of(objects, kind="Deployment", name="intake"):
    return rules.template_of(thing(objects, kind, name))["spec"]


def container_of(objects, kind="Deployment", name="intake"):
    return pod_of(objects, kind, name)["containers"][0]


def settings(objects):
    return next(o for o in objects if o["kind"] == "ConfigMap" and "HUYING_CHARTER" in o["data"])["data"]


def remove(objects, kind, name):
    objects.remove(thing(objects, kind, name))


def volume(objects, **source):
    pod_of(objects)["volumes"].append({"name": "more", **source})
    container_of(objects)["volumeMounts"].append({"name": "more", "mountPath": "/more"})


# What is done to the rendering, and what has to be said of it.
SEED = "SUAM" + "A" * 54
BROKEN = [
    (lambda o: thing(o, "ServiceAccount", "intake").pop("automountServiceAccountToken"), "mounts its token"),
    (lambda o: pod_of(o)["securityContext"].pop("runAsNonRoot"), "may run as root"),
    (lambda o: pod_of(o)["securityContext"].update(runAsUser=0), "runs as root"),
    (lambda o: pod_of(o)["securityContext"].pop("seccompProfile"), "no seccomp profile"),
    (lambda o: pod_of(o).pop("automountServiceAccountToken"), "token for the Kubernetes API"),
    (lambda o: pod_of(o).update(serviceAccountName="default"), "no service account of its own"),
    (lambda o: pod_of(o).update(hostNetwork=True), "shares hostNetwork"),
    (lambda o: pod_of(o).update(hostPID=True), "shares hostPID"),
    (lambda o: pod_of(o).update(shareProcessNamespace=True), "shares shareProcessNamespace"),
    (lambda o: pod_of(o).pop("enableServiceLinks"), "addresses of every Service"),
    (lambda o: pod_of(o).update(terminationGracePeriodSeconds=5), "is killed before a drain"),
    (lambda o: volume(o, hostPath={"path": "/"}), "reaches into the machine"),
    (lambda o: volume(o, emptyDir={}), "may fill the machine's disk"),
    (lambda o: volume(o, secret={"secretName": "identity", "defaultMode": 0o444}), "lets every user of its container"),
    (lambda o: volume(o, secret={"secretName": "nobody-makes-it"}), "which nobody makes"),
    (lambda o: container_of(o)["volumeMounts"].append({"name": "gone", "mountPath": "/x"}), "which is no volume"),
    (lambda o: pod_of(o)["volumes"].append({"name": "idle", "emptyDir": {"sizeLimit": "1Mi"}}), "does not mount it"),
    (lambda o: container_of(o)["securityContext"].pop("allowPrivilegeEscalation"), "may escalate privileges"),
    (lambda o: container_of(o)["securityContext"].update(privileged=True), "is privileged"),
    (lambda o: container_of(o)["securityContext"].update(readOnlyRootFilesystem=False), "write to its root file"),
    (lambda o: container_of(o)["securityContext"]["capabilities"].update(drop=[]), "keeps capabilities"),
    (lambda o: container_of(o)["securityContext"]["capabilities"].update(add=["NET_RAW"]), "asks for capabilities"),
    (
        lambda o: container_of(o)["securityContext"].update(seccompProfile={"type": "Unconfined"}),
        "leaves the seccomp profile",
    ),
    (lambda o: container_of(o)["resources"]["limits"].pop("memory"), "no memory in its limits"),
    (lambda o: container_of(o)["resources"]["requests"].pop("cpu"), "no cpu in its requests"),
    (lambda o: container_of(o)["resources"]["requests"].update(memory="64Gi"), "requests more memory"),
    (lambda o: container_of(o).update(image="huying/intake"), "whatever that is today"),
    (lambda o: container_of(o).update(image="huying/intake:latest"), "whatever that is today"),
    (lambda o: container_of(o).pop("startupProbe"), "has no startupProbe"),
    (lambda o: container_of(o).pop("readinessProbe"), "has no readinessProbe"),
    (lambda o: container_of(o).pop("livenessProbe"), "has no livenessProbe"),
    (lambda o: container_of(o).update(livenessProbe=container_of(o)["readinessProbe"]), "one probe for both"),
    (
        lambda o: container_of(o)["env"].append(
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "identity", "key": "x"}}}
        ),
        "in its environment",
    ),
    (lambda o: container_of(o)["env"].append({"name": "KEY", "value": SEED}), "shows a secret in KEY"),
    (lambda o: container_of(o)["env"].extend([{"name": "A", "value": "1"}] * 2), "sets A twice"),
    (lambda o: container_of(o).update(args=["--token=abc"]), "a secret in its arguments"),
    (lambda o: settings(o).update(MORE=f"seed {SEED}"), "shows a secret in MORE"),
    (lambda o: settings(o).update(MORE="x" * 1_100_000), "larger than a ConfigMap"),
    (lambda o: settings(o).pop("HUYING_CHARTER"), "names no charter"),
    (lambda o: remove(o, "PodDisruptionBudget", "intake"), "no disruption budget"),
    (
        lambda o: thing(o, "PodDisruptionBudget", "intake").update(
            spec={"minAvailable": 3, "selector": thing(o, "PodDisruptionBudget", "intake")["spec"]["selector"]}
        ),
        "never lets a node be drained",
    ),
    (lambda o: thing(o, "PodDisruptionBudget", "intake")["spec"].update(maxUnavailable=0), "never lets a node"),
    (
        lambda o: thing(o, "PodDisruptionBudget", "intake")["spec"].update(selector={"matchLabels": {"a": "b"}}),
        "selects no pod",
    ),
    (lambda o: pod_of(o).pop("topologySpreadConstraints"), "all its replicas on one machine"),
    (lambda o: thing(o, "Deployment", "intake")["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1), "is away"),
    (lambda o: thing(o, "Deployment", "intake")["spec"]["selector"].update(matchLabels={"a": "b"}), "select its own"),
    (
        lambda o: thing(o, "StatefulSet", "nats")["spec"].update(
            persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"}
        ),
        "deletes its volumes",
    ),
    (lambda o: thing(o, "CronJob", "archive")["spec"].update(concurrencyPolicy="Allow"), "may run beside itself"),
    (lambda o: thing(o, "CronJob", "archive")["spec"].pop("startingDeadlineSeconds"), "never starts again"),
    (lambda o: thing(o, "CronJob", "archive")["spec"].pop("timeZone"), "by the clock of the cluster"),
    (lambda o: thing(o, "Job", "provision")["spec"].pop("activeDeadlineSeconds"), "may run for ever"),
    (lambda o: thing(o, "Service", "intake")["spec"].update(type="LoadBalancer"), "open to the outside"),
    (lambda o: thing(o, "Service", "intake")["spec"]["ports"][0].update(targetPort=1), "where nobody listens"),
    (lambda o: thing(o, "Service", "intake")["spec"].update(selector={}), "selects every pod"),
    (lambda o: remove(o, "NetworkPolicy", "deny-all"), "denies everything first"),
    (
        lambda o: o.append(
            {
                "kind": "NetworkPolicy",
                "metadata": {"name": "open", "namespace": "huying"},
                "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
            }
        ),
        "lets everybody in",
    ),
    (lambda o: thing(o, "Namespace", "huying")["metadata"].update(labels={}), "restricted pod security"),
    (lambda o: thing(o, "Service", "intake")["metadata"].update(namespace="default"), "in no namespace of ours"),
]


def main(arguments):
    (rendered,) = arguments
    good = [o for o in yaml.safe_load_all(pathlib.Path(rendered).read_text()) if o]
    missed = 0
    if said := rules.all_breaches(good):
        print("k8s-check: the rendering to be broken is not good itself:", *said, sep="\n    ", file=sys.stderr)
        return 1
    for breaking, expected in BROKEN:
        objects = copy.deepcopy(good)
        breaking(objects)
        said = rules.all_breaches(objects)
        if not any(expected in breach for breach in said):
            missed += 1
            print(f"k8s-check: nobody said {expected!r}; said was: {said}", file=sys.stderr)
    print(f"k8s-check: {len(BROKEN) - missed} of {len(BROKEN)} broken manifests are caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
