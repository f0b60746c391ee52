"""From takes to a film: segments, captions, join, manifest."""
