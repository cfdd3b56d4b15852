"""How far long work is, in lines of the log: none for what is quick."""

import time

EVERY = 5.0  # seconds, and until the first line


class Pace:
    """Tells how much of some work is done and how long the rest will take, every five seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = self._told = time.monotonic()

    def __call__(self, done: float, total: float, said: str) -> None:
        """So much of the total is done, which is `said` in words: "1,200,000 rows"."""
        if self.is_due():
            self.tell(done, total, said)

    def is_due(self) -> bool:
        """Whether a line has to be told now; who asks tells it."""
        now = time.monotonic()
        if now - self._told < EVERY:
            return False
        self._told = now
        return True

    def tell(self, done: float, total: float, said: str) -> None:
        """Tell the line that is due."""
        rest = _rest(done, total, self._told - self._started)
        print(f"{self._what}: {said}{rest}", flush=True)


def _rest(done: float, total: float, seconds: float) -> str:
    """The share that is done, and how long the rest takes at the same speed."""
    if not 0 < done <= total:
        return ""
    left = seconds * (total - done) / done
    time_left = f"{left:.0f} s" if left < 120 else f"{left / 60:.0f} min"
    return f" ({done / total:.0%}), about {time_left} left"
