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

bash scripts/set-up.sh dev,train,encoders,map,crawl,serve,databases

# Programs that tests use besides Python: those that read the feature file in the tests of its documentation, and a browser
# that opens the attribute map. Where they cannot be installed, those tests skip; with CI=true the browser's fail.
missing=()
command -v h5dump >/dev/null && command -v h5cc >/dev/null || missing+=(hdf5-tools libhdf5-dev)
command -v chromium >/dev/null && command -v chromedriver >/dev/null || missing+=(chromium chromium-driver fonts-dejavu-core)
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    printf '==> installing %s\n' "${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
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
