"""The values that flow between stages, and the few verbs they all need."""
