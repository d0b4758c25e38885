#!/usr/bin/env bash
# What Huying is made of, and whether it may be: licences, sources and banned crates of deploy/deny.toml, then what is known to be
# broken, as far as the list of it can be fetched; and a bill of materials (CycloneDX) in target/sbom.cdx.json.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
deny=$root/.tools/cargo-deny
cd "$root"

"$deny" --config deploy/deny.toml check --hide-inclusion-graph bans licenses sources
if timeout 120 "$deny" --config deploy/deny.toml fetch db >/dev/null 2>&1; then
    "$deny" --config deploy/deny.toml check --disable-fetch advisories
else
    echo "supply.sh: SKIPPED: the list of advisories (github.com/rustsec/advisory-db) cannot be fetched from here;" \
        "what is known to be broken was not looked for" >&2
fi
python3 deploy/tools/sbom.py target/sbom.cdx.json
