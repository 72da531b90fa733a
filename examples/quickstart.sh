#!/usr/bin/env bash
# From a fresh clone to a tagged and searchable gallery, offline once the packages are installed. Can be run twice.
#
# The pictures are drawn here, so that nothing has to be downloaded; `fashion index ~/Pictures/clothes` works the same way.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

run bash scripts/set-up.sh
export PATH="$PWD/.venv/bin:$PATH"

out=examples/out
mkdir -p "$out"

printf '\n# A gallery of 120 drawings: T-shirts, shirts, dresses, trousers, skirts, bags, shoes and hats.'
run python examples/draw_garments.py gallery "$out/gallery" --count 120

printf '\n# What is on a photograph?'
run fashion tag "$out"/gallery/{t-shirt-red-plain-00,dress-purple-dotted-01,bag-brown-plain-08,shoe-blue-plain-11}.jpg --format table

printf '\n# Tags and vectors of the whole gallery, and an index over them. Called again, it embeds only what is new.'
run fashion index "$out/gallery" -o "$out/index"

printf '\n# A drawing that is not in the gallery: the same kind of dress, cut and photographed differently.'
run python examples/draw_garments.py one "$out/query.png" --kind dress --colour purple --pattern dotted --variation 99

printf '\n# What looks like it, and why?'
run fashion search "$out/query.png" --index "$out/index" --topk 10 --format table --html "$out/sheet.html"

printf '\nThe same hits with their pictures: %s\n' "$PWD/$out/sheet.html"
