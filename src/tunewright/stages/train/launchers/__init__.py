"""Where the processes of a training can be started: one file is one kind of place."""
