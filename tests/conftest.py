"""Settings for all tests."""

from hypothesis import settings

# No deadline: the first call of a function pays for imports, and two cores are often shared.
# Derandomised: a test that passes here passes on the reader's machine, too.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")
