#!/usr/bin/env bash
# Makes the Secrets that the manifests name from a folder of key files, or updates them.
#
#   k8s-secrets.sh hub FOLDER                       namespace huying
#   k8s-secrets.sh department FOLDER NAMESPACE      e.g. huying-wuchang-water
#
# k8s/README.md lists the files. With HUYING_DRY_RUN=1 the Secrets are printed and nothing is changed. WITHOUT=webhook leaves
# out what an installation without components/webhook does not need.
#
# They are applied by the server: the broker's accounts are larger than the annotation in which a client keeps what it applied.
set -euo pipefail

# What a Secret may hold, in bytes, with room for its own fields.
readonly SECRET_BYTES_MAX=1000000

usage() {
    sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
    exit 64
}

# secret NAME KEY FILE
secret() {
    local name=$1 key=$2 file=$folder/$3
    if [[ ! -r $file ]]; then
        printf 'k8s-secrets: %s is not there or not readable (Secret %s)\n' "$file" "$name" >&2
        exit 1
    fi
    local size
    size=$(wc -c <"$file")
    if ((size > SECRET_BYTES_MAX)); then
        printf 'k8s-secrets: %s has %s bytes, and a Secret holds 1 MiB: make the accounts of fewer districts (--charter)\n' \
            "$file" "$size" >&2
        exit 1
    fi
    if [[ -n ${HUYING_DRY_RUN:-} ]]; then
        echo ---
        manifest
    else
        manifest | kubectl apply --server-side --force-conflicts --field-manager=k8s-secrets --filename -
    fi
}

manifest() {
    kubectl create secret generic "$name" --namespace "$namespace" --from-file "$key=$file" \
        --dry-run=client --output yaml
}

[[ $# -ge 2 && -d $2 ]] || usage
folder=$2
case $1 in
    hub)
        namespace=huying
        secret nats-accounts accounts.conf accounts.conf
        secret identity public.pem public.pem
        secret reference key reference.key
        secret receipt key receipt.key
        secret vault key vault.key
        for user in provision archivist auditor casebook intake triage dispatch enforcement-center evaluation notification powers; do
            secret "$user-nkey" seed "$user.nk"
        done
        if [[ ${WITHOUT:-} != webhook ]]; then secret webhook secret webhook.secret; fi
        ;;
    department)
        [[ $# -eq 3 ]] || usage
        namespace=$3
        secret identity public.pem public.pem
        secret responder-nkey seed responder.nk
        ;;
    *) usage ;;
esac
