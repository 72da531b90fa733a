"""No message, stored location or command shows the password of a database, however it is written."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from fashion_cli.app import main
from fashion_cli.errors import CatalogueError
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.database import connect_database, translate_database_errors
from fashion_cli.products.locations import (
    readable_url,
    redact_password,
    redact_passwords,
    stored_location,
)
from tests.database_servers import PASSWORD, USER, Server


@pytest.mark.parametrize("server", ["mariadb", "postgresql"])
def test_no_message_holds_a_password(request: pytest.FixtureRequest, server: str):
    running: Server = request.getfixturevalue(server)
    url = running.new_database()
    secrets = (PASSWORD, "s%C3%A9cret", "p%40ss", "cret")
    with Catalogue.open(url, create=True) as catalogue:
        assert catalogue.location == f"{running.drivername}://{USER}@127.0.0.1:{running.port}/{url.rpartition('/')[2]}"
    for wrong in (
        url.replace("word", "wrong"),
        url.replace(str(running.port), "1"),
        url.replace("127.0.0.1", "nowhere.invalid"),
        url.replace("shop_", "no_such_"),
        url.replace("127.0.0.1:", "127.0.0.1:x"),
        url.replace(f"{running.drivername}://", "oracle://"),
        redact_password(url),
    ):
        with pytest.raises(CatalogueError) as caught:
            Catalogue.open(wrong, create=True)
        told = f"{caught.value} {caught.value.hint}"
        assert not [secret for secret in secrets if secret in told], told
        assert caught.value.hint
    with pytest.raises(CatalogueError, match="cannot be reached") as caught:
        Catalogue.open(redact_password(url))
    assert "FASHION_CATALOG" in caught.value.hint


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("mysql://me:secret@host:3306/db", "mysql://me@host:3306/db"),
        ("postgresql+psycopg://me:se:cr/e?t@host/db", "postgresql+psycopg://me@host/db"),
        ("mysql://me:secret@more@host/db", "mysql://me@host/db"),
        (
            "postgresql://host/db?user=me&password=secret&sslmode=require",
            "postgresql://host/db?user=me&sslmode=require",
        ),
        ("postgresql://host/db?password=secret", "postgresql://host/db"),
        ("mysql://me@host/db", "mysql://me@host/db"),
        ("mysql://me@server:secret@host/db", "mysql://me@server@host/db"),
        ("mysql://me/too:secret@host/db", "mysql://me/too@host/db"),
        (" mysql://me:secret@host/db", " mysql://me@host/db"),
        ("mysql://me@[::1]:3306/db", "mysql://me@[::1]:3306/db"),
        ("shop/catalogue.sqlite", "shop/catalogue.sqlite"),
        ("postgresql://user:p@ss@host/db", "postgresql://user@host/db"),
        ("postgresql://user:p@s/s@host:5432/db", "postgresql://user@host:5432/db"),
        ("mysql://me:p#:\"'@x@[::1]:3306/db", "mysql://me@[::1]:3306/db"),
        ("mysql://me:a%40b@c@host/db", "mysql://me@host/db"),
        ("postgresql://me@host:5432/db?password=p@ss", "postgresql://me@host:5432/db"),
        (
            "postgresql://host/db?user=me&password=a&b@c&sslmode=require",
            "postgresql://host/db?user=me&sslmode=require",
        ),
        ("postgresql://host/db?p%61ssword=secret", "postgresql://host/db"),
        ("postgresql://me:se?password=x@host/db", "postgresql://me"),
        ("mysql://me:secret", "mysql://me"),
        ("mysql://host:3306/db", "mysql://host:3306/db"),
        ("postgresql:/user:p@ss@host/db", "postgresql:/user@host/db"),
        ("postgres//user:p@ss@host/db", "postgres//user@host/db"),
        ("'mysql://me:secret@host/db'", "'mysql://me@host/db'"),
        ("shop/a:b@c.sqlite", "shop/a:b@c.sqlite"),
    ],
)
def test_a_location_is_shown_without_its_password(location: str, shown: str):
    assert redact_password(location) == shown


@pytest.mark.parametrize(
    ("location", "parts"),
    [
        ("postgresql://user:p@ss@host/db", ("user", "p@ss", "host", None, "db")),
        ("postgresql://user:p@s/s:?#@host:5432/db", ("user", "p@s/s:?#", "host", 5432, "db")),
        ("mysql://me@server:secret@host/db", ("me@server", "secret", "host", None, "db")),
        ("mysql://me:secret@host/db?ssl_ca=/a@b/c", ("me", "secret", "host", None, "db")),
        ("postgresql://me:p@ss/word?@host/db", ("me", "p@ss/word?", "host", None, "db")),
        ("mysql://me:a%40b@c@[::1]:3306/db", ("me", "a@b@c", "::1", 3306, "db")),
        ("mysql://me:se@t@/db?unix_socket=/x", ("me", "se@t", None, None, "db")),
    ],
)
def test_a_password_with_an_at_sign_reaches_the_database_whole(location: str, parts: tuple[object, ...]):
    url = connect_database(location, create=False).url
    assert (url.username, url.password, url.host, url.port, url.database) == parts
    secret = str(parts[1])
    assert secret not in stored_location(location)
    assert readable_url(stored_location(location)) == stored_location(location)


def test_options_with_an_at_sign_are_stored_whole():
    location = "mysql://me:p@ss@host/db?ssl_ca=/a@b/c"
    assert make_url(stored_location(location)).query == {"ssl_ca": "/a@b/c"}
    assert make_url(readable_url("postgresql://me@host:5432/db?password=p@ss")).query == {"password": "p@ss"}


@pytest.mark.parametrize("password", ["p@ss word", "p@ss/w:r?d#", "p%40ss", "p\"a's\\s", "pässwörd@home", "ab@"])
@pytest.mark.parametrize("form", ["postgresql://me:{}@host/db", "mysql://me@host/db?password={}"])
def test_a_drivers_own_words_lose_the_password(password: str, form: str):
    location = form.format(password)
    plain = unquote(password)
    for said in (password, plain, quote(plain, safe=""), quote_plus(plain), repr(plain)):
        text = redact_passwords(f"could not translate host name {said}, user me", location)
        assert text.startswith("could not translate host name ")
        assert text.endswith(", user me")
        assert plain not in text
        assert password not in text


@pytest.mark.parametrize("kind", [lambda said: OperationalError(None, None, Exception(said)), ArgumentError])
def test_an_error_that_repeats_the_password_is_said_without_it(kind: Callable[[str], Exception]):
    with pytest.raises(CatalogueError) as error, translate_database_errors("postgresql://me:kiwi@plum cherry@host/db"):
        raise kind('no host "plum cherry@host" for me with kiwi@plum cherry')
    assert 'no host "***@host" for me with ***' in str(error.value)


@pytest.mark.parametrize(
    "line",
    [
        ["catalog", "list", "LOCATION"],
        ["catalog", "list", "--catalog", "LOCATION"],
        ["catalog", "export", "--catalog", "LOCATION"],
        ["index", "LOCATION"],
        ["crawl", "http://127.0.0.1:9/", "-o", "shop", "--allow-private", "--catalog", "LOCATION"],
        ["serve", "--index", "LOCATION"],
    ],
)
@pytest.mark.parametrize("scheme", ["postgresql://", "mysql://", "postgresql:/", "oracle://"])
def test_no_command_shows_a_password(
    line: list[str], scheme: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    location = f"{scheme}user:kiwi@plum/cherry@127.0.0.1:1/db"
    assert main([location if word == "LOCATION" else word for word in line]) in (1, 2)
    out, err = capsys.readouterr()
    assert [secret for secret in ("kiwi", "plum", "cherry") if secret in out + err] == []
