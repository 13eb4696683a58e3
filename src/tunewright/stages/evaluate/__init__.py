"""The evaluate stage: how good a candidate is, beside what needs no tuning."""
