"""Figures for Prometheus, in a registry of the server's own."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Counted while the server runs. Labels have few values: routes, not addresses."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "fashion_http_requests", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "fashion_http_request_seconds",
            "From the first byte to the last",
            ("route",),
            registry=registry,
            buckets=SECONDS,
        )
        self.refused = Counter("fashion_refused", "Requests refused", ("reason",), registry=registry)
        self.batch = Histogram("fashion_batch_photographs", "Photographs in a batch", registry=registry, buckets=SIZES)
        self.inference = Histogram(
            "fashion_inference_seconds", "A batch through the model", registry=registry, buckets=SECONDS
        )
        self.reloads = Counter("fashion_index_reloads", "New indexes taken up", ("outcome",), registry=registry)
        self.catalogue_failures = Counter(
            "fashion_catalogue_failures", "Answers without products since the catalogue failed", registry=registry
        )

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Show a number that is asked for whenever the figures are read."""
        Gauge(name, meaning, registry=self._registry).set_function(value)

    def observe_batch(self, photographs: int, seconds: float) -> None:
        self.batch.observe(photographs)
        self.inference.observe(seconds)

    def count_reload(self, outcome: str) -> None:
        self.reloads.labels(outcome).inc()

    def text(self) -> bytes:
        """What Prometheus reads."""
        return generate_latest(self._registry)
