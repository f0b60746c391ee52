"""fal: images and clips by the models of many makers, as requests in a queue.

Lost requests can be found in fal's list.
"""
