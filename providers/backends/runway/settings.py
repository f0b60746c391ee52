"""Settings of Runway."""

from dataclasses import dataclass

from providers.settings_schema import Common, Hosts, Number, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 60.0)  # seconds
    poll_seconds: float = setting(Number(0, 3600), 5.0)  # the API asks not to poll more often
    result_hosts: tuple[str, ...] = setting(Hosts(), ("cloudfront.net", "runwayml.com"))
    max_duration: int = setting(
        Number(1, 60, whole=True), 10
    )  # of gen-2; each model has its own lengths
