"""How a check speaks: a function that returns a hint, or None for yes, becomes one that prints and never raises."""

import functools
from collections.abc import Callable


def check(judge: Callable) -> Callable:
    """Wrap `judge(answer) -> hint or None`: no answer yet, a hint, an answer that fails to run, or yes."""
    @functools.wraps(judge)
    def spoken(answer=None) -> None:
        if answer is None or answer is ...:
            print("Not yet: no answer in the cell above.")
            return
        try:
            hint = judge(answer)
        except NotYet:
            hint = "your function returns nothing yet. Replace the dots and run both cells again"
        except Exception as error:                       # whatever a reader's code does, the notebook goes on
            hint = f"your code stopped with {type(error).__name__}: {error}"
        print("Yes." if hint is None else f"Not yet: {hint}.")
    return spoken


class NotYet(Exception):
    """The reader's function is still the stub."""


def call(function: Callable, *arguments, **named):
    """Call a reader's function; a stub's `None` or `...` means that there is no answer yet."""
    if not callable(function):
        raise TypeError(f"expected a function, got {type(function).__name__}")
    value = function(*arguments, **named)
    if value is None or value is ...:
        raise NotYet
    return value
