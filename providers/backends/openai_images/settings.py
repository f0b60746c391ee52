"""Settings of a server with OpenAI's image API."""

from dataclasses import dataclass

from providers.settings_schema import Common, Flag, Hosts, Number, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 180.0)  # seconds; the response is the image
    result_hosts: tuple[str, ...] = setting(Hosts(), ("oaidalleapiprodscus.blob.core.windows.net",))
    free: bool = setting(Flag(), False)  # for a self-hosted server: a zero price is valid
