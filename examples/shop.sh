#!/usr/bin/env bash
# From a shop to a search page: three commands, against a small shop of drawn garments that runs on this computer.
#
#   bash examples/shop.sh          # in a terminal, the page stays open until Ctrl-C; else the script ends by itself
#
# Nothing leaves this computer once the packages are installed. Can be run twice: the second time finds most things done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

run bash scripts/set-up.sh crawl,serve
export PATH="$PWD/.venv/bin:$PATH"

# The shop says its address when it is open, and closes when this script ends.
exec {shop}< <(exec python examples/run_shop.py)
shop_process=$! page_process=
trap 'kill $shop_process $page_process 2>/dev/null || true; wait' EXIT
read -r address <&"$shop"
printf '\n# A shop has opened at %s\n' "$address"

mkdir -p examples/out/small-shop
run python examples/draw_garments.py one examples/out/small-shop/query.png \
    --kind dress --colour purple --pattern dotted --variation 99
run cd examples/out/small-shop

printf '\n# Its photographs and products. Without --allow-private nothing on this computer or its network would be asked for;\n'
printf '# without --delay the crawler would wait half a second between two requests, as it should with a shop of somebody else.'
run fashion crawl "$address" -o shop/ --allow-private --delay 0

printf '\n# Tags and vectors of the photographs, and an index in .fashion/ that knows the catalogue.'
run fashion index shop/

# PORT names another port than the usual one.
printf '\n# The page.\n$ fashion serve\n'
fashion serve ${PORT:+--port "$PORT"} &
page_process=$!
page="http://127.0.0.1:${PORT:-8765}"
until curl --silent --output /dev/null "$page/api/v1/health"; do
    kill -0 "$page_process" || exit 1
    sleep 0.3
done

printf '\n# The same by its API: what looks like a purple dotted dress that the shop does not have?'
run curl --silent --show-error --fail --form image=@query.png --form topk=3 --output answer.json "$page/api/v1/search"
python - <<'PYTHON'
import json

for hit in json.load(open("answer.json", encoding="utf-8"))["hits"]:
    product = hit["product"]
    tags = ", ".join(tag["title"] for tag in hit["shared_tags"])
    print(f"{hit['rank']}. {product['name']}, {product['price']} {product['currency']}, {product['url']} ({tags})")
PYTHON

if [ -t 0 ] && [ -t 1 ]; then
    printf '\n# The page is open at %s/ until Ctrl-C.\n' "$page"
    wait "$page_process"
fi
