"""Settings of fal."""

from dataclasses import dataclass

from providers.settings_schema import Common, Flag, Hosts, Number, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 60.0)  # seconds
    poll_seconds: float = setting(Number(0, 3600), 3.0)
    result_hosts: tuple[str, ...] = setting(Hosts(), ("fal.media",))
    # Seconds within which the work must begin. It may then run as long as it needs.
    start_timeout: int = setting(Number(2, 86400, whole=True), 3600)
    # Without them fal removes a result an hour after it is done, a large one after six minutes.
    keep_results: bool = setting(Flag(), default=True)
    most_megabytes: int = setting(Number(1, 100, whole=True), 100)  # of a file that is sent
