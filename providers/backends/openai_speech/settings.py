"""Settings of OpenAI's speech API."""

from dataclasses import dataclass

from providers.settings_schema import Common, Flag, Names, Number, OneOf, setting

FORMATS = ("flac", "wav", "mp3", "opus", "aac")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 180.0)  # seconds; the response is the sound
    voices: tuple[str, ...] = setting(Names(), ())  # of a server with voices of its own
    free: bool = setting(Flag(), False)  # for a self-hosted server: a zero price is valid
    output_format: str = setting(OneOf(FORMATS), "flac")
