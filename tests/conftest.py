"""What every test shares: examples are drawn the same way each time, and no test has a clock."""

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
