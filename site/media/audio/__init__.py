"""The sound of a film: loudness, the mix of all tracks, stems, waveforms and estimated lengths.

Everything here works at 48 kHz in stereo and places sound by frame number, so that picture and
sound agree to the sample: frame `n` starts at sample `n * 48000 / fps`.
"""
