"""Settings of OpenAI's speech API."""

from dataclasses import dataclass

from providers.settings_schema import Common, Number, OneOf, setting

FORMATS = ("flac", "wav", "mp3", "opus", "aac")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 180.0)  # seconds; the response is the sound
    output_format: str = setting(OneOf(FORMATS), "flac")
