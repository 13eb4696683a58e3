"""Keeps texts apart: whether a new text is unlike everything accepted before."""

from collections import defaultdict

Sequence3 = tuple[str, ...]


class Distinct:
    """Accepts a text when it shares few of its three-word sequences with each text before it.

    Args:
        most: the largest Jaccard similarity of three-word sequences that two accepted texts may have.
    """

    def __init__(self, most: float) -> None:
        self.most = most
        self._sizes: list[int] = []
        self._holders: dict[Sequence3, list[int]] = defaultdict(list)

    def accepts(self, text: str) -> bool:
        """True, and the text is remembered, when nothing before is too much like it."""
        found = _sequences(text)
        shared: dict[int, int] = defaultdict(int)
        for sequence in found:
            for other in self._holders.get(sequence, ()):
                shared[other] += 1
        if any(count > self.most * (len(found) + self._sizes[other] - count) for other, count in shared.items()):
            return False
        for sequence in found:
            self._holders[sequence].append(len(self._sizes))
        self._sizes.append(len(found))
        return True


def _sequences(text: str) -> set[Sequence3]:
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}
