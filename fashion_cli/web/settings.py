"""What the server allows. Checked when it is made: a server with a setting that means nothing does not start."""

import secrets
from dataclasses import dataclass, field

import limits

from fashion_cli.errors import UsageError

MAX_BYTES = 10 << 20
MAX_PIXELS = 40_000_000
RATE = "120/minute"
NO_RATE = "off"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHORTEST_TOKEN = 8  # characters


@dataclass(frozen=True)
class WebSettings:
    """Limits, and who may ask.

    Attributes:
        token: What clients have to show; "" for none.
        rate: Searches of one client, as `limits` writes it: "120/minute"; "off" for any number.
        max_bytes: Of an uploaded photograph.
        max_pixels: Of an uploaded photograph.
        hosts: Names under which the server may be asked for; empty for any. Keeps out pages that rebind a name of
            theirs to this address.
        origins: Whose pages may use the API from a browser, as "https://shop.example".
        show_paths: Say where photographs lie.
        keep_metadata: Give photographs with all that their files say, places and owners too.
        queue: Searches under way at once; more are refused.
        body_seconds: Until a request's body has to be there.
        secret: Makes the sign-in cookie; another one after each start.

    Raises:
        UsageError: If a setting means nothing.
    """

    token: str = field(default="", repr=False)
    rate: str = RATE
    max_bytes: int = MAX_BYTES
    max_pixels: int = MAX_PIXELS
    hosts: tuple[str, ...] = LOOPBACK
    origins: tuple[str, ...] = ()
    show_paths: bool = False
    keep_metadata: bool = False
    queue: int = 128
    body_seconds: float = 30.0
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def __post_init__(self) -> None:
        sendable = self.token.isascii() and self.token.isprintable() and " " not in self.token
        if self.token and not (sendable and len(self.token) >= SHORTEST_TOKEN):
            raise UsageError(
                f"the token has to be {SHORTEST_TOKEN} or more printable ASCII characters without spaces",
                hint="python -c 'import secrets; print(secrets.token_urlsafe())' makes one",
            )
        self.rates()

    def rates(self) -> list[limits.RateLimitItem]:
        """Every limit on a client's searches; none where that is off.

        Raises:
            UsageError: If the setting cannot be read.
        """
        if self.rate == NO_RATE:
            return []
        try:
            return limits.parse_many(self.rate)
        except ValueError:
            raise UsageError(
                f"rate {self.rate!r}: not a rate", hint="--rate 120/minute, 5/second;1000/hour or off"
            ) from None
