#!/usr/bin/env bash
# Makes .venv in the repository and installs this checkout into it. Call it again at any time: what is there stays.
#
#   scripts/set-up.sh              # the base package
#   scripts/set-up.sh dev,train    # and these extras
#
# PYTHON names the interpreter to use; without it the first of python3, python3.13, 3.12 and 3.11 that is new enough.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

extras=${1:-}
target=".${extras:+[$extras]}"
name="fashion-cli${extras:+[$extras]}"

say() { printf '==> %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# A Debian package, where this user may install one; else the line that somebody who may has to type.
debian_package() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
        say "installing $*"
        "${as_root[@]}" apt-get update -qq
        DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@"
    else
        fail "missing: $*. On Debian or Ubuntu: sudo apt-get install $*"
    fi
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or newer found: install one, or name it with PYTHON=/path/to/python3"
}

make_venv() {
    local python version
    python=$(find_python)
    version=$("$python" -c 'import sys; print(f"python{sys.version_info.major}.{sys.version_info.minor}")')
    "$python" -c 'import ensurepip, venv' 2>/dev/null || debian_package "$version-venv"
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# Annoy comes as source: without a compiler and Python's headers pip would end in a page of errors.
prepare_for_annoy() {
    .venv/bin/python -c 'import annoy' 2>/dev/null && return
    local headers
    headers=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')
    command -v g++ >/dev/null || debian_package g++
    [ -f "$headers/Python.h" ] || debian_package "$(basename "$headers")-dev"
}

new_enough .venv/bin/python || make_venv

# Nothing to do while what was installed was installed from this very pyproject.toml, into this very place. The base
# package is part of every installation with extras.
wanted=$(cat pyproject.toml <(pwd) | sha256sum | cut -d ' ' -f 1)
covers() { # whether the extras of a stamp, in any order, hold all that are wanted
    local each
    for each in ${extras//,/ }; do
        case ",${1#.venv/installed-}," in *",$each,"*) ;; *) return 1 ;; esac
    done
}
for stamp in .venv/installed-*; do
    if [ -x .venv/bin/fashion ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && covers "$stamp"; then
        say "$name is already installed in .venv"
        exit 0
    fi
done

prepare_for_annoy
say "installing $name into .venv; the first time this fetches PyTorch, which is large"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$target"
printf '%s\n' "$wanted" >".venv/installed-${extras:-base}"
