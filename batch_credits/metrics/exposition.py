"""A reading as OpenMetrics, by prometheus_client. Names are a contract: docs/monitoring.md has each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from batch_credits.metrics.reading import Reading, Traffic, Whose

PREFIX = "batch_credits_"
SUCCESS, FINISH = f"{PREFIX}last_success_timestamp_seconds", f"{PREFIX}last_finish_timestamp_seconds"
_LABELS = ("site", "command", "profile")

Samples = Iterable[tuple[tuple[str, ...], float]]  # the values of further labels, and the figure


def openmetrics(reading: Reading) -> bytes:
    """The text of a file, which ends with `# EOF`."""
    return cast(bytes, generate_latest(_registry(lambda: reading)))  # type: ignore[no-untyped-call,unused-ignore]


def encoded(reading: Reading, accept: str) -> tuple[bytes, str]:
    """The same in the format that a scraper accepts, and that format's content type."""
    encoder, content_type = choose_encoder(accept)
    return encoder(_registry(lambda: reading)), content_type


def is_ours(text: str) -> bool:
    """Whether a text is what `openmetrics` made, and nothing else."""
    try:
        families = _families(text)
    except Exception:  # the parser raises what it meets: nothing else than ours is sure to be understood
        return False
    return bool(families) and all(family.name.startswith(PREFIX) for family in families)


def what_lasts(text: str, whose: Whose) -> tuple[float | None, float | None, str]:
    """When the same command last succeeded and finished, and at which site, as the text of an earlier run says it;
    `whose` may not know its site. `text` is ours."""
    found: dict[str, float] = {}
    site = whose.site
    for family in _families(text):
        for sample in family.samples:
            labels = sample.labels
            same = (labels.get("command"), labels.get("profile", "")) == (whose.command, whose.profile)
            if same and whose.site in ("", labels.get("site")):
                site = labels.get("site", site)
                found[sample.name] = sample.value
    return found.get(SUCCESS), found.get(FINISH), site


def _families(text: str) -> list[Metric]:
    return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call,unused-ignore]


def _registry(read: Callable[[], Reading]) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(read))
    return registry


class _Families(Collector):
    """Asks for the reading whenever it is asked."""

    def __init__(self, read: Callable[[], Reading]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Every family that has a figure."""
        reading = self._read()
        whose = (reading.whose.site, reading.whose.command, reading.whose.profile)
        for family in (*_of_command(reading, whose), *_of_rows(reading, whose), *_of_traffic(reading, whose)):
            if family.samples:
                yield family


def _of_command(reading: Reading, whose: tuple[str, ...]) -> Iterator[Metric]:
    now = datetime.now(UTC).timestamp()
    ended, code = reading.ended_at, reading.exit_code
    yield _gauge("build_info", "Which version this is.", whose, [((reading.version,), 1)], "version")
    yield _one("running", "1 while the command runs, 0 once it has ended.", whose, 1 if ended is None else 0)
    yield _one("start_timestamp_seconds", "When the command began.", whose, reading.started_at)
    yield _one("end_timestamp_seconds", "When it ended.", whose, ended)
    yield _one("duration_seconds", "How long it took, or takes so far.", whose, (ended or now) - reading.started_at)
    yield _one("exit_code", "Its exit code: 0 to 5, see the documentation.", whose, code)
    yield _one("last_success_timestamp_seconds", "When it last ended with 0.", whose, reading.succeeded_at)
    yield _one("last_finish_timestamp_seconds", "When it last ended with 0 or 1.", whose, reading.finished_at)
    states = reading.open_requests
    yield _gauge(
        "open_requests", "Requests of the site that are not settled, over all batches of the ledger.", whose,
        _by_name(states), "state",
    )  # fmt: skip


def _of_rows(reading: Reading, whose: tuple[str, ...]) -> Iterator[Metric]:
    result = reading.result
    yield _gauge("rows", "Rows by outcome.", whose, _by_name(reading.rows), "outcome")
    yield _gauge(
        "asked_minor_units", "What the rows that hold ask for.", whose, _by_name(reading.asked), "currency"
    )
    yield _gauge(
        "paid_minor_units", "What of that is credited (or deducted), now or before.", whose, _by_name(reading.paid),
        "currency",
    )  # fmt: skip
    if result is None:
        return
    amounts = [((name, c), float(n)) for name, by_c in result.amounts.items() for c, n in by_c.items()]
    yield _gauge(
        "amount_minor_units", "Totals by outcome, as summary.json has them.", whose, amounts, "outcome", "currency"
    )
    decimals = [((name, c), float(n)) for name, by_c in result.decimals.items() for c, n in by_c.items()]
    yield _gauge(
        "amount_in_decimal", "Totals of what came as amount_in_decimal.", whose, decimals, "outcome", "currency"
    )
    yield _one("in_balance", "1 if rows and totals add up to the file's, 0 if not.", whose, float(result.in_balance))
    ties_out = None if result.ties_out is None else float(result.ties_out)
    yield _one("ties_out", "1 if the ledger and Chargebee say the same, 0 if not.", whose, ties_out)


def _of_traffic(reading: Reading, whose: tuple[str, ...]) -> Iterator[Metric]:
    traffic: Traffic | None = reading.traffic
    if traffic is None:
        return
    yield _counter("requests", "Requests that left, questions too.", whose, traffic.requests)
    yield _counter("throttled", "How often the site said to wait.", whose, traffic.throttled)
    yield _counter("retries", "Tries of a row after its first one in the run.", whose, traffic.retries)


def _by_name(figures: Mapping[str, int] | None) -> Samples:
    return [((name,), float(number)) for name, number in (figures or {}).items()]


def _one(name: str, text: str, whose: tuple[str, ...], figure: float | None) -> GaugeMetricFamily:
    return _gauge(name, text, whose, [] if figure is None else [((), figure)])


def _gauge(name: str, text: str, whose: tuple[str, ...], samples: Samples, *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, text, labels=[*_LABELS, *labels])
    for values, figure in samples:
        family.add_metric([*whose, *values], figure)
    return family


def _counter(name: str, text: str, whose: tuple[str, ...], figure: int) -> CounterMetricFamily:
    family = CounterMetricFamily(PREFIX + name, text, labels=_LABELS)
    family.add_metric(whose, figure)
    return family
