"""Pictures and film: ffmpeg, camera moves, captions, safe decoding. Knows files and frames, nothing of stories or calls."""
