"""Pages that hold nothing until a browser has run their scripts, and scripts that ask for what they should not."""

import json

from tests.shop.goods import Product, described, page
from tests.shop.server import Reply, Visit

PRODUCTS = 6
# The page says which product it is; the rest comes from the server, a moment later.
APP = """
const insert = (element, content) => { element.append(content); document.body.append(element) }
addEventListener("DOMContentLoaded", () => setTimeout(async () => {
  const { number, count, base } = document.body.dataset
  if (count) for (let each = 0; each < count; each++) {
    const link = document.createElement("a")
    link.href = `/scripted/${each}`
    insert(link, `product ${each}`)
  }
  if (!number) return
  const data = await (await fetch(`/scripted/data/${number}.json`)).json()
  const script = document.createElement("script")
  script.type = "application/ld+json"
  insert(script, JSON.stringify(data))
}, 150))
"""
# What a page could try: a part that robots.txt forbids, changing something, this computer, other ways out.
CURIOUS = """
fetch("/private/data.json").catch(() => 0)
fetch("/basket", { method: "POST", body: "1" }).catch(() => 0)
fetch(`http://127.0.0.1:${CANARY}/fetched`, { mode: "no-cors" }).catch(() => 0)
fetch(`http://169.254.169.254:${CANARY}/metadata`, { mode: "no-cors" }).catch(() => 0)
try { new WebSocket(`ws://127.0.0.1:${CANARY}/socket`) } catch {}
try { new EventSource(`http://localhost:${CANARY}/events`) } catch {}
navigator.sendBeacon(`http://127.0.0.1:${CANARY}/beacon`, "1")
navigator.serviceWorker?.register("/scripted/worker.js").catch(() => 0)
window.open(`http://127.0.0.1:${CANARY}/window`)
const peer = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${CANARY}` }] })
peer.createDataChannel("x"); peer.createOffer().then(offer => peer.setLocalDescription(offer))
alert("still here")
"""
FRAME = '<iframe src="http://127.0.0.1:CANARY/frame"></iframe><img src="http://127.0.0.1:CANARY/image.png">'


def answer(visit: Visit, canary: int) -> Reply | None:
    """The reply of `/scripted/…`.

    Args:
        visit: The request.
        canary: A port where nothing may be asked for.
    """
    name = visit.path.removeprefix("/scripted/")
    if name == "app.js":
        return Reply(kind="text/javascript", body=APP.encode())
    if name.startswith("data/"):
        number = int(name.removeprefix("data/").removesuffix(".json"))
        return Reply(kind="application/json", body=json.dumps(described(Product(number), visit.base)).encode())
    return _page(name, canary)


def _page(name: str, canary: int) -> Reply | None:
    app = '<script src="/scripted/app.js"></script>'
    odd = {
        "": f'<body data-count="{PRODUCTS}">{app}',
        "moves": "<script>location = '/scripted/0'</script>",
        "runs": "<script>location = '/scripted/runs?' + Math.random()</script>",
        "stuck": "<script>for (;;);</script>",
        "curious": f'<body data-number="1">{app}<script>{CURIOUS}</script>{FRAME}'.replace("${CANARY}", str(canary)),
    }
    if name in odd:
        return _html(odd[name].replace("CANARY", str(canary)))
    return _html(f'<body data-number="{name}">{app}') if name.isdecimal() else None


def _html(body: str) -> Reply:
    return Reply(body=page("scripted", body).encode())
