"""Stability AI: images, music and sound effects.

Its responses are the images and sounds themselves, so a lost response cannot be fetched again.
"""
