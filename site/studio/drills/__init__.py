"""A whole installation on real servers that are then broken,
to see whether what is promised holds.
"""
