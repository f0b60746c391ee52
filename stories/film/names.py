"""How pieces of a film are named in the media storage: by the hash of what they are made from."""

import hashlib
import json
from typing import Any


def digest(parts: list[Any]) -> str:
    """SHA-256 over everything that determines the bytes of a piece."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def stored(piece_hash: str) -> str:
    """The name of the piece in the media storage."""
    return f"segments/{piece_hash[:2]}/{piece_hash}.mp4"
