"""Settings of Typecast."""

import re
from dataclasses import dataclass

from providers.settings_schema import Common, Number, OneOf, Text, setting

VOICE_ID = re.compile(r"(?:tc|uc)_[A-Za-z0-9]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 180.0)  # seconds; the response is the sound
    default_voice: str = setting(Text(64, VOICE_ID, like="tc_62a8975e695ad26f7fb514d1"), "")
    output_format: str = setting(OneOf(("wav", "mp3")), "wav")
