#!/usr/bin/env bash
# Everything that a change has to pass, in the order of what fails fastest. Sets itself up in .venv; can be run twice.
#
#   tests/run.sh                 # all of it, tests on as many processes as there are processors
#   tests/run.sh -k features     # arguments go to pytest
#   tests/run.sh --campaigns     # also kills and made-up inputs in great number, as CI=true does
#   tests/run.sh --cov           # and which lines and branches no test reaches (a third slower)
#
# Tests that need real photographs read $FASHION_TEST_DATA, else ../shared/data. Without them they are skipped and say so;
# with CI=true they fail.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Every test process and all that it starts would compile each module anew.
unset PYTHONDONTWRITEBYTECODE

bash scripts/set-up.sh dev,train,encoders,map,crawl,serve,databases,heif

# Programs that tests use besides Python: those that read the feature file in the tests of its documentation, a browser
# that opens the attribute map and the search page, the two database servers that a catalogue may lie in, `ip`, which makes
# the network of its own that a crawl is tried in, and `strace`, which shows whom a command contacts, `systemd-analyze`,
# which checks the unit in deploy/, and `groff`, which renders the man pages. Where they cannot be installed, those tests skip; with CI=true they fail.
missing=()
command -v h5dump >/dev/null && command -v h5cc >/dev/null || missing+=(hdf5-tools libhdf5-dev)
command -v chromium >/dev/null && command -v chromedriver >/dev/null || missing+=(chromium chromium-driver fonts-dejavu-core)
[ -x /usr/sbin/mariadbd ] && compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(mariadb-server postgresql)
command -v ip >/dev/null || missing+=(iproute2)
command -v strace >/dev/null || missing+=(strace)
command -v systemd-analyze >/dev/null || missing+=(systemd)
command -v groff >/dev/null || missing+=(groff-base)
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    printf '==> installing %s\n' "${missing[*]}"
    # The tests start servers of their own: none is to be started as a service of this machine.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        printf '==> not installed: %s\n' "${missing[*]}" >&2
    if [ -n "$(trap -p EXIT)" ]; then
        rm -f /usr/sbin/policy-rc.d
        trap - EXIT
    fi
fi
export PATH="$PWD/.venv/bin:$PATH"

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

run ruff format --check .
run ruff check .
run mypy
run lint-imports
# A group is a module, or a folder that shares a database server or a browser: see tests/conftest.py.
run pytest --numprocesses="$(nproc)" --dist=loadscope --no-loadscope-reorder --durations=15 "$@"
