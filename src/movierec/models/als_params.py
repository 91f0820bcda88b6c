"""The parameters of ALS that tuning chooses, without anything of Spark."""

from __future__ import annotations

from dataclasses import dataclass

from movierec.config.schema import Feedback


@dataclass(frozen=True, kw_only=True)
class AlsParams:
    """One point of a grid. Explicit ALS has neither feedback nor alpha."""

    rank: int
    reg_param: float
    alpha: float | None
    feedback: Feedback | None

    @property
    def explicit(self) -> bool:
        """Tell whether ALS fits the stars themselves."""
        return self.feedback is None

    def __str__(self) -> str:
        """Name the parameters as conf does.

        >>> str(AlsParams(rank=16, reg_param=0.1, alpha=4, feedback="signed"))
        'signed rank=16 reg_param=0.1 alpha=4'
        """
        common = f"rank={self.rank} reg_param={self.reg_param:g}"
        if self.explicit:
            return f"explicit {common}"
        return f"{self.feedback} {common} alpha={self.alpha:g}"
