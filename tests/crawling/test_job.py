"""What a crawl is asked for and what it reports, through JSON and back."""

import json
from dataclasses import asdict

from fashion_cli.crawling.job import CrawlConfig, CrawlReport, FailedRequest


def test_config_and_report_come_through_json() -> None:
    config = CrawlConfig(("http://a.example/", 'naver:"테크웨어"'), "/shop", min_side=7, delay=0.25)
    assert CrawlConfig.from_json(config.to_json()) == config
    report = CrawlReport(
        "/shop", "c", failed={"HTTP 404": 1}, failures=(FailedRequest("u", "r", 404, 1),), notes=("n",)
    )
    assert CrawlReport.from_values(json.loads(json.dumps(report.to_values()))) == report
    assert set(asdict(report)) == set(report.to_values())
