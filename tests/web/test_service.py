"""More searches at once than the queue holds."""

from fashion_cli.web.settings import WebSettings
from tests.web.refusals import PHOTOGRAPH, refused
from tests.web.shops import Shop, served


def test_more_than_the_queue_holds_is_refused(drawn_shop: Shop) -> None:
    with served(drawn_shop, WebSettings(rate="off", queue=1)) as running:
        running.service._under_way = 1  # a search that does not end
        answer = running.post("tags", PHOTOGRAPH)
        refused(answer, 503)
        assert answer.headers["retry-after"] == "1"
        running.service._under_way = 0
        assert running.post("tags", PHOTOGRAPH).status_code == 200
