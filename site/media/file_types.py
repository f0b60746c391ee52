"""Detects file types by their first bytes, ignoring file names and declared types."""

from typing import Literal

type What = Literal["image", "video", "text", ""]

IMAGES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
)
IMAGE_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"}
VIDEO_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
ENOUGH = 512  # bytes


def what(head: bytes) -> What:
    """Returns the type: `text` for pages, JSON and other text, empty if it is unknown."""
    if head.startswith(IMAGES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "image"
    if head[4:8] in VIDEO_BOXES:
        return "image" if head[4:8] == b"ftyp" and head[8:12] in IMAGE_BRANDS else "video"
    if head.startswith((b"\x1aE\xdf\xa3", b"OggS", b"FLV", b"\x00\x00\x01\xba")) or (
        head[:4] == b"RIFF" and head[8:11] == b"AVI"
    ):
        return "video"
    return "text" if _is_text(head[:ENOUGH]) else ""


def _is_text(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith((b"<", b"{", b"["))


def is_audio(head: bytes) -> bool:
    """Return whether a file that begins so holds sound alone, as far as that can be seen."""
    if head.startswith((b"ID3", b"fLaC", b"OggS")) or (head[:4], head[8:12]) == (b"RIFF", b"WAVE"):
        return True
    if head[4:8] == b"ftyp":
        return head[8:12] in {b"M4A ", b"M4B "}
    return head[:1] == b"\xff" and head[1:2] >= b"\xe0"  # a frame of MP3 or AAC


def is_picture(content: bytes) -> bool:
    return what(content[:ENOUGH]) == "image"
