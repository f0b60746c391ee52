"""Media processing: ffmpeg, camera moves, captions, safe decoding. Independent of stories and
calls.
"""
