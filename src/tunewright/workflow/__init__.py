"""What crosses stages: the order of a run, its gates, and the verbs that need more than one stage."""
