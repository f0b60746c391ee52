"""Settings of a ComfyUI server."""

from dataclasses import dataclass

from providers.settings_schema import Common, Number, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 60.0)  # seconds; the server checks the workflow
    poll_seconds: float = setting(Number(0, 3600), 3.0)
