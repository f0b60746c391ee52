"""Which kind of process this is, told inside it: an environment is inherited by the processes that it starts, and they are none of the web's."""

kind = ""
