"""A token is asked for everywhere, signs a browser in, and cannot be guessed."""

from fashion_cli.web.settings import WebSettings
from tests.web.refusals import PHOTOGRAPH, TOKEN, refused
from tests.web.shops import Shop, served


def test_a_token_is_asked_for_everywhere(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        for path in ("/api/v1/groups", f"/api/v1/photographs/{drawn_shop.sha256(0)}", "/metrics", "/docs", "/nothing"):
            answer = running.client.get(path)
            refused(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
        refused(running.post("search", PHOTOGRAPH), 401)
        health = running.client.get("/api/v1/health").json()
        assert health == {"status": "ok", "model": None, "rows": None, "generation": None, "catalogue": None}
        page = running.client.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/login")
        bearer = {"Authorization": f"bearer {TOKEN}"}
        assert running.client.get("/api/v1/groups", headers=bearer).status_code == 200
        assert running.client.get("/api/v1/health", headers=bearer).json()["model"] == "tiny"
        document = running.client.get("/api/v1/openapi.json", headers=bearer).json()
        assert document["security"] == [{"token": []}]


def test_a_browser_signs_in_with_a_cookie_that_is_not_the_token(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        wrong = running.client.post("/login", data={"token": "wrong-token"})
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
        right = running.client.post("/login", data={"token": TOKEN})
        cookie = right.headers["set-cookie"]
        assert right.status_code == 303
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert running.client.get("/api/v1/groups").status_code == 200  # the client keeps the cookie
        running.client.post("/logout")
        refused(running.client.get("/api/v1/groups"), 401)
        running.client.cookies.set("fashion", "0" * 64)
        refused(running.client.get("/api/v1/groups"), 401)


def test_guessing_tokens_ends(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        guesses = [
            running.client.get("/api/v1/groups", headers={"Authorization": f"Bearer guess-{number}"}).status_code
            for number in range(12)
        ]
        assert guesses == [401] * 10 + [429] * 2
        right = running.client.get("/api/v1/groups", headers={"Authorization": f"Bearer {TOKEN}"})
        refused(right, 429)
        assert running.client.post("/login", data={"token": TOKEN}).status_code == 429


def test_a_wrong_token_in_any_letters_is_only_wrong(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", token=TOKEN)) as running:
        for value in ("Bearer \xff\xfe", "Basic abc", "Bearer"):
            headers = {b"Authorization": value.encode("latin-1")}
            refused(running.client.get("/api/v1/groups", headers=headers), 401)
        refused(running.client.get("/api/v1/groups", headers={"Cookie": 'fashion="\\777"; a=b; ;='}), 401)
