"""The values that flow between rooms, and the few verbs they all need."""
