"""Batch normalisation as it is in evaluation: by means and variances that were learned."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import ClassVar

from xlconv.errors import NetworkError
from xlconv.layers.base import Layer, Shape, count, flag, image, number, only, put, vector


@dataclass(frozen=True)
class _BatchNorm(Layer):
    """What both have in common."""

    num_features: int
    eps: float = 1e-5
    momentum: InitVar[float | None] = 0.1
    affine: bool = True
    track_running_stats: InitVar[bool] = True

    elementwise: ClassVar[bool] = True
    may_fail: ClassVar[int] = 2
    never_negative: ClassVar[tuple[str, ...]] = ("running_var",)
    words: ClassVar[tuple[str, ...]] = (
        "Of every number the mean of its channel is taken away, what is left is divided by the usual distance from it, "
        "and the result stretched and moved: mean, variance, weight and bias were learned.",
        "Every number is moved and stretched, in each channel by numbers that were learned.",
    )

    def __post_init__(self, momentum: float | None, track_running_stats: bool) -> None:
        count("num_features", self.num_features)
        flag("affine", self.affine)
        only(
            "track_running_stats", track_running_stats, True, why="without them the batch decides what a number becomes"
        )
        if momentum is not None:
            number("momentum", momentum)
        put(self, eps=number("eps", self.eps))
        if self.eps <= 0:
            raise NetworkError(f"eps must be above 0, not {self.eps}")

    @property
    def weight_shapes(self) -> dict[str, Shape]:
        """`running_mean`, `running_var` and, if affine, `weight` and `bias`, each (num_features,)."""
        names = ("weight", "bias") if self.affine else ()
        return dict.fromkeys((*names, "running_mean", "running_var"), (self.num_features,))

    def _checked(self, shape: Shape) -> Shape:
        if shape[0] != self.num_features:
            raise NetworkError(
                f"expects {self.num_features} {'channels' if len(shape) == 3 else 'numbers'}, got {shape[0]}"
            )
        return shape


@dataclass(frozen=True)
class BatchNorm2d(_BatchNorm):
    """`y[c,i,j] = (x[c,i,j] - running_mean[c]) / sqrt(running_var[c] + eps) * weight[c] + bias[c]`."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's own shape, `(num_features, H, W)`."""
        return self._checked(image(input_shape))


@dataclass(frozen=True)
class BatchNorm1d(_BatchNorm):
    """`y[n] = (x[n] - running_mean[n]) / sqrt(running_var[n] + eps) * weight[n] + bias[n]`."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's own shape, `(num_features,)`."""
        return self._checked(vector(input_shape))
