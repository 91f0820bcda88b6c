"""The failures that a user can fix, each with its exit code."""

from __future__ import annotations


class UserError(Exception):
    """A failure with a one-line message: the place, the value and the fix."""

    exit_code = 1


class ConfigError(UserError):
    """The config or the command line is wrong; holds every problem found, one line each."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        self.problems = [_escaped(problem) for problem in problems]
        super().__init__("\n".join(self.problems))


class InputError(UserError):
    """An input is missing or invalid."""

    exit_code = 3


class SingularFitError(InputError):
    """ALS has no single solution for these ratings and parameters."""


def _escaped(text: str) -> str:
    """Return the text in one line: unprintable characters become escapes such as \\n."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )
