"""What the settings of Runway may say."""

from dataclasses import dataclass

from providers.settings_schema import Common, Hosts, Number, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 60.0)  # seconds
    poll_seconds: float = setting(Number(0, 3600), 5.0)  # "not more often"
    result_hosts: tuple[str, ...] = setting(Hosts(), ("cloudfront.net", "runwayml.com"))
    max_duration: int = setting(Number(1, 60, whole=True), 10)  # of the guide's gen-2; the lengths stand with each model
