"""Settings of Stability AI."""

from dataclasses import dataclass

from providers.settings_schema import Common, Number, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 180.0)  # seconds; the response is the image
    default_steps: int = setting(Number(10, 50, whole=True), 30)
