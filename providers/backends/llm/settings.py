"""Settings of a language model's provider."""

from dataclasses import dataclass

from providers.settings_schema import WORD, Common, Flag, Number, OneOf, Text, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 300.0)  # seconds; local models are slow
    max_tokens: int = setting(Number(1, 1_000_000, whole=True), 16_000)
    max_tokens_field: str = setting(Text(60, WORD, like="max_tokens"), "max_tokens")
    free: bool = setting(Flag(), False)  # for a self-hosted server: a zero price is valid
    response_format: str = setting(OneOf(("", "json_schema", "json_object", "none")), "")
