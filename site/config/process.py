"""The kind of this process. It is not an environment variable, because child processes would
inherit one.
"""

kind = ""
