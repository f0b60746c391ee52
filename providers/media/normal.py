"""Whatever a clip looks like, its frames come out upright, progressive, with square pixels, opaque, in the colours of BT.709."""

from collections.abc import Sequence

from providers.media.probing import Probe

WHITE_NITS = 203  # of diffuse white in HDR (ITU-R BT.2408)
PEAK_NITS = 1000
KNEE = 0.9  # up to here brightness is kept; above it highlights are pressed together
BACKGROUND = "black"  # what shows through transparent parts, as in pictures

_SWSCALE = {"bt2020nc": "bt2020", "bt2020c": "bt2020", "bt709": "bt709", "smpte170m": "smpte170m", "bt470bg": "bt470", "smpte240m": "smpte240m", "fcc": "fcc"}
_ZIMG = {"bt2020nc": "2020_ncl", "bt2020c": "2020_cl", "bt709": "709", "smpte170m": "170m", "bt470bg": "470bg", "gbr": "gbr"}
_PRIMARIES = {"bt2020": "2020", "bt709": "709", "smpte170m": "170m", "bt470bg": "470bg", "smpte432": "smpte432", "smpte431": "smpte431"}
_WIDE = frozenset({"bt2020", "smpte432", "smpte431"})
_VPX = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def input_options(probe: Probe) -> list[str]:
    """What must stand before the input: ffmpeg's own VP8 and VP9 decoders leave transparency out."""
    return ["-c:v", _VPX[probe.video_codec]] if probe.alpha and probe.video_codec in _VPX else []


def filters(probe: Probe) -> list[str]:
    """Filters that make a clip's frames like those of any other clip. ffmpeg itself turns them upright before the first."""
    return [*_opaque(probe), *_progressive(probe), *_square(probe), *_standard(probe)]


def _opaque(probe: Probe) -> Sequence[str]:
    if not probe.alpha:
        return ()
    return (f"scale=in_color_matrix={_SWSCALE.get(probe.matrix, 'auto')}", "format=gbrap", "premultiply=inplace=1", "format=gbrp")


def _progressive(probe: Probe) -> Sequence[str]:
    if probe.interlaced is False:
        return ()
    # Where the file does not tell, frames that are marked by themselves.
    return (f"bwdif=mode=send_frame:parity=auto:deint={'all' if probe.interlaced else 'interlaced'}",)


def _square(probe: Probe) -> Sequence[str]:
    if probe.sar == 1:
        return ()
    return (r"scale=w='2*round(iw*max(sar\,1)/2)':h='2*round(ih*max(1/sar\,1)/2)':flags=bicubic+accurate_rnd", "setsar=1")


def _standard(probe: Probe) -> Sequence[str]:
    """Primaries and brightness of BT.709."""
    if probe.alpha or not (probe.hdr or probe.primaries in _WIDE):
        return ()
    read = ":".join([
        f"min={_ZIMG.get(probe.color_space, '2020_ncl')}",
        f"pin={_PRIMARIES.get(probe.primaries, '2020')}",
        f"rin={'full' if probe.color_range == 'pc' else 'limited'}",
    ])  # fmt: skip
    if not probe.hdr:
        return (f"zscale={read}:tin=709:t=709:p=709:m=709:r=limited:d=error_diffusion", "format=yuv420p")
    return (
        f"zscale={read}:tin={probe.transfer}:t=linear:npl={WHITE_NITS}",
        "format=gbrpf32le",
        "zscale=p=709",
        f"tonemap=tonemap=mobius:param={KNEE}:desat=0:peak={PEAK_NITS / WHITE_NITS:.3f}",
        # The brightness of sRGB, as pictures have it, so that both look alike in one film.
        "zscale=t=iec61966-2-1:p=709:m=709:r=limited:d=error_diffusion",
        "format=yuv420p",
    )


def matrix_in(probe: Probe) -> str:
    """The matrix by which a scaler has to read the frames that `filters` gives."""
    if probe.alpha:
        return "auto"
    return "bt709" if probe.hdr or probe.primaries in _WIDE else _SWSCALE.get(probe.matrix, "auto")
