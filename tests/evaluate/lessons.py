"""A lesson small enough to judge by eye: two labels, five training rows in the plane."""

import numpy as np

from tunewright.evaluate.answers import Lesson

AXES = {"card": (1, 0), "login": (0, 1), "card lost": (1, 0), "log in": (0, 1)}


def embed(texts):
    return np.array([AXES.get(text, (0.7, 0.7)) for text in texts], np.float32)


TEXTS = ["a", "b", "c", "d", "e"]
LESSON = Lesson(
    TEXTS,
    np.array([0, 0, 1, 1, 1]),
    ["card", "login"],
    embed,
    np.array([(1, 0), (1, 0.1), (0, 1), (0.1, 1), (0.2, 1)], np.float32),
)
NEW = np.array([(1, 0), (0, 1), (0.9, 0.2)], np.float32)
