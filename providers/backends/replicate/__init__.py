"""Replicate: images and clips as predictions.

Signed webhooks report completion early, and lost predictions can be found in Replicate's list.
"""
