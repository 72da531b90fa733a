#!/usr/bin/env bash
# Everything that a change has to pass, in the order of what fails fastest. Sets itself up in .venv; can be run twice.
#
#   tests/run.sh                 # all of it
#   tests/run.sh -k features     # arguments go to pytest
#
# Tests that need real photographs read $FASHION_TEST_DATA, else ../shared/data. Without them they are skipped and say so;
# with CI=true they fail.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash scripts/set-up.sh dev,train,encoders

# Programs that the feature file is read with in the tests of its documentation; where they cannot be installed, those skip.
if ! command -v h5dump >/dev/null || ! command -v h5cc >/dev/null; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        printf '==> installing hdf5-tools and libhdf5-dev\n'
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            hdf5-tools libhdf5-dev >/dev/null
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
run pytest --cov --cov-report=term "$@"
