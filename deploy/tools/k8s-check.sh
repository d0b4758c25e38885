#!/usr/bin/env bash
# Renders every overlay and department and holds the result against the schemas of Kubernetes 1.30 to 1.37, strictly, and
# against our own rules (k8s_rules.py), each of which is broken once to see that it holds. Without kubectl or kustomize it checks the manifests one by one and says
# what it left out. Exit code: 0 all good, 1 something is wrong, 64 the tools are missing.
set -euo pipefail

# The oldest that takes all of it, one in between, the newest there are schemas of.
readonly KUBERNETES_VERSIONS=(1.30 1.33 1.37)

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=.tools/venv/bin/python

if ! "$python" -c 'import kubernetes_validate' 2>/dev/null; then
    echo "k8s-check: .tools/venv has no kubernetes-validate; run deploy/tools/fetch.sh k8s" >&2
    exit 64
fi

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
failed=0

render() {
    if [[ -n ${HUYING_NO_RENDERER:-} ]]; then return 127
    elif command -v kubectl >/dev/null; then kubectl kustomize "$1"
    elif command -v kustomize >/dev/null; then kustomize build "$1"
    else return 127
    fi
}

can_render() {
    [[ -z ${HUYING_NO_RENDERER:-} ]] && { command -v kubectl || command -v kustomize; } >/dev/null
}

# check LABEL FILE...: every document of the files against the schemas.
valid() {
    local label=$1
    shift
    local version
    for version in "${KUBERNETES_VERSIONS[@]}"; do
        if ! "$python" -m kubernetes_validate --kubernetes-version "$version" --strict --quiet "$@" \
            >"$scratch/report" 2>&1; then
            printf 'k8s-check: %s is not valid for Kubernetes %s:\n' "$label" "$version" >&2
            sed 's/^/    /' "$scratch/report" >&2
            return 1
        fi
    done
}

if can_render; then
    # What every district does to the production overlay: its own charter, instead of one that ships.
    own_charter=$scratch/own-charter
    mkdir -p "$own_charter"
    cp -r deploy/charters/heping "$own_charter/charter"
    cat >"$own_charter/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: huying
resources: [$(realpath --relative-to="$own_charter" k8s/overlays/production)]
components: [$(realpath --relative-to="$own_charter" k8s/components/charter)]
configMapGenerator:
  - name: charter
    files: [$(cd "$own_charter" && printf '%s, ' charter/*.yaml)]
YAML
    for folder in k8s/overlays/*/ k8s/departments/*/ "$own_charter"/; do
        folder=${folder%/}
        [[ $folder == */template ]] && continue
        label=${folder/#"$scratch"/production with}
        output=$scratch/${folder//\//-}.yaml
        if ! render "$folder" >"$output"; then
            printf 'k8s-check: %s does not render\n' "$label" >&2
            failed=1
        elif valid "$label" "$output" && "$python" deploy/tools/k8s_rules.py "$output"; then
            printf 'k8s-check: %-36s %2d objects, valid\n' "$label" "$(grep -c '^kind: ' "$output")"
        else
            failed=1
        fi
    done
    # The rules themselves: each is broken once.
    "$python" deploy/tools/k8s_rules_test.py "$scratch/k8s-overlays-production.yaml" || failed=1
else
    # Whole objects only: patches and kustomizations are no Kubernetes objects by themselves.
    mapfile -t whole < <("$python" deploy/tools/k8s_rules.py --whole-objects k8s)
    valid "a manifest" "${whole[@]}" || failed=1
    printf 'k8s-check: %d manifests checked one by one\n' "${#whole[@]}"
    echo "k8s-check: left out, for want of kubectl or kustomize: rendering the overlays, patches, our own rules"
fi

exit "$failed"
