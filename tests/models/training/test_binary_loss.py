"""The loss of yes or no: on logits, once, and as the paper writes it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.training.binary_loss import BinaryLoss, focal


@given(
    st.floats(-12, 12),
    st.booleans(),
    st.sampled_from([0.0, 0.5, 2.0]),
    st.sampled_from([None, 0.25, 0.75]),
)
def test_the_value_is_that_of_the_formula(
    logit: float, positive: bool, gamma: float, alpha: float | None
) -> None:
    """FL(p_t) = -alpha_t (1 - p_t)^gamma log p_t, written out with Python's floats."""
    p = 1 / (1 + math.exp(-logit))
    p_t = p if positive else 1 - p
    weight = 1.0 if alpha is None else (alpha if positive else 1 - alpha)
    expected = -weight * (1 - p_t) ** gamma * math.log(p_t)

    value = focal(torch.tensor([logit]), torch.tensor([float(positive)]), gamma, alpha)

    assert float(value) == pytest.approx(expected, rel=2e-3, abs=1e-6)


def test_the_sigmoid_is_applied_once() -> None:
    """The preset's figures by hand; given probabilities, the loss would be another."""
    loss = BinaryLoss(gamma=2, alpha=0.75)
    logits, truth = torch.tensor([2.0, -1.0]), torch.tensor([1.0, 0.0])

    once = float(loss(logits, truth))
    assert once == pytest.approx(
        (0.75 * 0.0142092 * 0.1269280 + 0.25 * 0.0723295 * 0.3132617) / 2, rel=1e-4
    )
    assert float(loss(logits.sigmoid(), truth)) > 3 * once


def test_cross_entropy_is_the_loss_without_gamma() -> None:
    """Equal to torch's own, soft labels included."""
    logits, truth = torch.randn(50), torch.rand(50)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)

    assert torch.allclose(BinaryLoss()(logits, truth), expected)


def test_a_smoothed_label_is_not_certain() -> None:
    """0.1 makes 0.95 of 1, and 0.05 of 0: least where the network says that."""
    loss = BinaryLoss(smoothing=0.1)
    least = torch.tensor([math.log(0.95 / 0.05)])

    for logit in (least - 0.1, least + 0.1):
        assert loss(logit, torch.ones(1)) > loss(least, torch.ones(1))
        assert loss(-logit, torch.zeros(1)) > loss(-least, torch.zeros(1))


def test_what_is_not_known_costs_nothing() -> None:
    """A mask leaves elements out of the mean; nothing known is a loss of 0."""
    loss = BinaryLoss(gamma=2)
    logits, truth = torch.tensor([[1.0, -3.0]]), torch.ones(1, 2)

    masked = loss(logits, truth, torch.tensor([[1.0, 0.0]]))

    assert torch.allclose(masked, loss(logits[:, :1], truth[:, :1]))
    assert float(loss(logits, truth, torch.zeros(1, 1))) == 0.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_no_logit_is_too_large(dtype: torch.dtype, gamma: float) -> None:
    """Value and gradient stay finite, in sixteen bits and for hopeless answers."""
    logits = torch.tensor([-6e4, -200.0, 0, 200, 6e4], dtype=dtype, requires_grad=True)

    value = BinaryLoss(gamma=gamma, alpha=0.75)(logits, torch.ones(5))
    (gradient,) = torch.autograd.grad(value, logits)

    assert value.isfinite()
    assert gradient.isfinite().all()
