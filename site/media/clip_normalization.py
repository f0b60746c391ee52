"""Normalizes clips to upright, progressive, opaque frames with square pixels in BT.709."""

from collections.abc import Sequence

from media.probe import Probe

WHITE_NITS = 203  # of diffuse white in HDR (ITU-R BT.2408)
PEAK_NITS = 1000
KNEE = 0.9  # brightness is kept up to here and compressed above

_SWSCALE = {
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
    "bt709": "bt709",
    "smpte170m": "smpte170m",
    "bt470bg": "bt470",
    "smpte240m": "smpte240m",
    "fcc": "fcc",
}
_ZIMG = {
    "bt2020nc": "2020_ncl",
    "bt2020c": "2020_cl",
    "bt709": "709",
    "smpte170m": "170m",
    "bt470bg": "470bg",
    "gbr": "gbr",
}
_PRIMARIES = {
    "bt2020": "2020",
    "bt709": "709",
    "smpte170m": "170m",
    "bt470bg": "470bg",
    "smpte432": "smpte432",
    "smpte431": "smpte431",
}
_WIDE = frozenset({"bt2020", "smpte432", "smpte431"})
_VPX = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def input_options(probe: Probe) -> list[str]:
    """Returns options before the input: ffmpeg's own VP8 and VP9 decoders drop transparency."""
    return ["-c:v", _VPX[probe.video_codec]] if probe.alpha and probe.video_codec in _VPX else []


def filters(probe: Probe) -> list[str]:
    """Returns filters that normalize a clip's frames. ffmpeg itself rotates them upright before."""
    return [*_opaque(probe), *_progressive(probe), *_square(probe), *_standard(probe)]


def _opaque(probe: Probe) -> Sequence[str]:
    if not probe.alpha:
        return ()
    return (
        f"scale=in_color_matrix={_SWSCALE.get(probe.matrix, 'auto')}",
        "format=gbrap",
        "premultiply=inplace=1",
        "format=gbrp",
    )


def _progressive(probe: Probe) -> Sequence[str]:
    if probe.interlaced is False:
        return ()
    # Where the file is not tagged, frames that are tagged themselves.
    return (
        f"bwdif=mode=send_frame:parity=auto:deint={'all' if probe.interlaced else 'interlaced'}",
    )


def _square(probe: Probe) -> Sequence[str]:
    if probe.sar == 1:
        return ()
    return (
        (
            r"scale=w='2*round(iw*max(sar\,1)/2)':h='2*round(ih*max(1/sar\,1)/2)'"
            ":flags=bicubic+accurate_rnd"
        ),
        "setsar=1",
    )


def _standard(probe: Probe) -> Sequence[str]:
    """Converts to the primaries and brightness of BT.709."""
    if probe.alpha or not (probe.hdr or probe.primaries in _WIDE):
        return ()
    read = ":".join([
        f"min={_ZIMG.get(probe.color_space, '2020_ncl')}",
        f"pin={_PRIMARIES.get(probe.primaries, '2020')}",
        f"rin={'full' if probe.color_range == 'pc' else 'limited'}",
    ])  # fmt: skip
    if not probe.hdr:
        return (
            f"zscale={read}:tin=709:t=709:p=709:m=709:r=limited:d=error_diffusion",
            "format=yuv420p",
        )
    return (
        f"zscale={read}:tin={probe.transfer}:t=linear:npl={WHITE_NITS}",
        "format=gbrpf32le",
        "zscale=p=709",
        f"tonemap=tonemap=mobius:param={KNEE}:desat=0:peak={PEAK_NITS / WHITE_NITS:.3f}",
        # The brightness of sRGB, as in images, so that both look alike in a film.
        "zscale=t=iec61966-2-1:p=709:m=709:r=limited:d=error_diffusion",
        "format=yuv420p",
    )


def matrix_in(probe: Probe) -> str:
    """Returns the matrix by which a scaler must read the frames that `filters` produces."""
    if probe.alpha:
        return "auto"
    return "bt709" if probe.hdr or probe.primaries in _WIDE else _SWSCALE.get(probe.matrix, "auto")
