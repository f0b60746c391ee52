"""Messages of OpenAI's speech API, as far as they are used: a success is the sound itself."""

import msgspec


class Problem(msgspec.Struct):
    message: str = ""
    type: str = ""
    code: str = ""


class Problems(msgspec.Struct):
    error: Problem
