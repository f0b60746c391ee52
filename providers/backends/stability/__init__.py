"""Stability AI: images.

Its responses are the images themselves, so a lost response cannot be fetched again.
"""
