"""Settings of Replicate."""

from dataclasses import dataclass

from providers.settings_schema import DURATION, Address, Common, Hosts, Number, Text, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 30.0)  # seconds
    poll_seconds: float = setting(Number(0, 3600), 3.0)
    result_hosts: tuple[str, ...] = setting(Hosts(), ("replicate.delivery",))
    cancel_after: str = setting(Text(6, DURATION, like="30m"), "30m")
    webhook_url: str = setting(Address(), "")
