"""The encoding of all segments, so that they can be joined without re-encoding."""

TIMESCALE = 90_000
CRF = 21
THREADS = 4  # fixed, because the output must not depend on the number of cores
GOP_SECONDS = 2

COLOR_TAGS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"


def raw_input(size: tuple[int, int], fps: int) -> list[str]:
    """Returns options that read yuv420p frames from standard input."""
    return [
        "-f",
        "rawvideo",
        "-pixel_format",
        "yuv420p",
        "-video_size",
        f"{size[0]}x{size[1]}",
        "-framerate",
        str(fps),
        "-i",
        "pipe:0",
    ]


def video_settings(fps: int, crf: int = CRF) -> list[str]:
    """Returns options for an H.264 segment without sound: High, yuv420p, a closed GOP every two
    seconds, times in 1/90000 s.
    """
    return [
        *("-an", "-sn", "-dn", "-map_metadata", "-1"),
        *(
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            str(crf),
            "-profile:v",
            "high",
            "-pix_fmt",
            "yuv420p",
        ),
        *(
            "-g",
            str(GOP_SECONDS * fps),
            "-threads:v",
            str(THREADS),
            "-r",
            str(fps),
            "-fps_mode",
            "cfr",
        ),
        *(
            "-color_range",
            "tv",
            "-colorspace",
            "bt709",
            "-color_primaries",
            "bt709",
            "-color_trc",
            "bt709",
        ),
        *("-flags:v", "+bitexact", "-fflags", "+bitexact"),
        *("-video_track_timescale", str(TIMESCALE), "-f", "mp4"),
    ]


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """Returns the size if H.264 4:2:0 supports it: both sides even and between 16 and 4096."""
    # The limits are in the docstring
    if any(side % 2 or not 16 <= side <= 4096 for side in size):  # noqa: PLR2004
        raise ValueError(f"cannot encode a film of {size[0]}x{size[1]} pixels")
    return size
