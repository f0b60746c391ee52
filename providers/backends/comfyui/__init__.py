"""ComfyUI on one's own machines: a workflow in its API format is a model.

Written after ComfyUI's `server.py` and `execution.py`; tried against a server of its routes in the
tests, not against a machine with models.
"""
