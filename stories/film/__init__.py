"""Turns takes into a film: segments, captions, concatenation, manifest."""
