"""The same verbs for the shell: parse, call the project, render. Nothing else."""
