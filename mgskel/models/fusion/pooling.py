"""The end of a network: features of joints and moments become one vector per person.

In a plain mean a gesture of half a second vanishes behind four seconds of rest, and the movement
of one joint behind the stillness of the others. `BalancedPooling` also hears the strongest moment
and the strongest joint, and balances the three per channel.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mgskel.models.fusion.readout import FusionReadout, Traced

_NOWHERE = -1e4  # below every feature, and finite: what is not there is multiplied by 0


class MeanPooling(nn.Module):
    """The mean over all joints and moments that are there."""

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """x (N, C, T, V), valid (N, 1, T, V) of 0 and 1 or None -> (N, C)"""
        tokens = x.permute(0, 2, 3, 1).flatten(1, 2)
        if valid is None:
            return tokens.mean(1)
        weight = valid.flatten(1).unsqueeze(1)
        return (weight @ tokens).squeeze(1) / weight.sum(2).clamp(min=1)

    def at_moments(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """The same of each moment by itself, (N, C, T, V) -> (N, T, C)"""
        tokens = x.permute(0, 2, 3, 1)
        if valid is None:
            return tokens.mean(2)
        weight = valid.squeeze(1).unsqueeze(2)
        return (weight @ tokens).squeeze(2) / weight.sum(3).clamp(min=1)


class BalancedPooling(MeanPooling, Traced):
    """A mean that knows its peaks: balanced fusion where a network averages.

    With ``m`` the mean over joints and moments, ``a`` that of the moment and ``b`` that of the
    joint in which a channel is strongest, and shares ``p`` and ``q``, one per channel::

        y[n, c] = m[n, c] + p[c] (a[n, c] - m[n, c]) + q[c] (b[n, c] - m[n, c])

    Without shares it is the mean, so that in a trained network it changes nothing until trained.

    Args:
        channels: C of the features.
        share: what `p` and `q` start with; a quarter each suits a network that is yet to learn.
        moment_peak, joint_peak: whether there is a `p`, and a `q`.
    """

    moment_share: Tensor
    joint_share: Tensor

    def __init__(
        self, channels: int, share: float = 0.0, moment_peak: bool = True, joint_peak: bool = True
    ) -> None:
        super().__init__()
        self.channels = channels
        for name, there in (("moment_share", moment_peak), ("joint_share", joint_peak)):
            if there:
                setattr(self, name, nn.Parameter(torch.full((channels,), share)))
            else:
                self.register_buffer(name, torch.zeros(channels), persistent=False)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """x (N, C, T, V), valid (N, 1, T, V) of 0 and 1 or None -> (N, C)"""
        n, c, t, v = x.shape
        tokens = x.permute(0, 2, 3, 1)
        if valid is None:
            moments, joints = tokens.mean(2), tokens.reshape(n, t, v * c).mean(1).view(n, v, c)
            mean = joints.mean(1)
        else:
            seen = valid.permute(0, 2, 3, 1)
            tokens = tokens * seen
            over_joints, over_time = seen.sum(2), seen.sum(1)
            total = tokens.sum(1)
            mean = total.sum(1) / over_time.sum(1).clamp(min=1)
            joints = total / over_time.clamp(min=1) + _NOWHERE * (over_time == 0)
            moments = tokens.sum(2) / over_joints.clamp(min=1) + _NOWHERE * (over_joints == 0)
        peaks = moments.amax(1), joints.amax(1)
        if valid is not None:
            present = valid.flatten(1).amax(1, keepdim=True)
            peaks = peaks[0] * present, peaks[1] * present
        if self._trace.listening:
            self._trace.readout = self._readout(tokens, moments, joints)
        pooled = torch.addcmul(mean, self.moment_share, peaks[0] - mean)
        return torch.addcmul(pooled, self.joint_share, peaks[1] - mean)

    def at_moments(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """Each moment pooled as a clip of its own, (N, C, T, V) -> (N, T, C)"""
        mean = super().at_moments(x, valid)
        if valid is None:
            peak = x.amax(3).transpose(1, 2)
        else:
            peak = torch.where(valid > 0, x, _NOWHERE).amax(3)
            peak = (peak * valid.amax(3)).transpose(1, 2)
        return torch.addcmul(mean, self.joint_share, peak - mean)

    def _readout(self, tokens: Tensor, moments: Tensor, joints: Tensor) -> FusionReadout:
        """How often each moment and joint is the peak, relative to all being alike."""
        t, v = moments.shape[1], joints.shape[1]
        first = functional.one_hot(moments.argmax(1), t).to(tokens).transpose(1, 2)
        second = functional.one_hot(joints.argmax(1), v).to(tokens).transpose(1, 2)
        p, q = self.moment_share, self.joint_share
        weights = (p * first).unsqueeze(2) / v + (q * second).unsqueeze(1) / t
        share = (q / (p.abs() + q.abs()).clamp(min=1e-6)).abs()
        return FusionReadout(
            (1 + q * (v * second - 1)).mean(2, keepdim=True).transpose(1, 2).detach(),
            (1 + p * (t * first - 1)).mean(2, keepdim=True).transpose(1, 2).detach(),
            share.expand(len(tokens), -1).detach(),
            (tokens * weights).detach().abs().mean(3),
        )

    def extra_repr(self) -> str:
        return f"channels={self.channels}"
