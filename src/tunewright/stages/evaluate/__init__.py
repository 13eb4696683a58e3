"""The evaluate room: how good a candidate is, beside what needs no tuning."""
