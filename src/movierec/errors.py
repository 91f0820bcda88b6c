"""The failures a user can mend, each with the exit code of the job contract."""

from __future__ import annotations


class UserError(Exception):
    """A failure with a one-line message that says the place, the value and the cure."""

    exit_code = 1


class ConfigError(UserError):
    """The config or the command line is wrong; holds every problem found, one line each."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InputError(UserError):
    """An input is missing or invalid."""

    exit_code = 3
