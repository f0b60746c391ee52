"""Replicate: pictures and clips as predictions; signed webhooks tell early, and lost predictions can be found in its list."""
