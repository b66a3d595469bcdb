"""Paired differences, and the page that shows them."""

from __future__ import annotations

import pytest
from studies.recognition.differences import interval, paired
from studies.recognition.study_page import difference_table, page


def test_pairs_share_set_backbone_and_seed() -> None:
    rows = [
        {"set": "a", "backbone": "b", "variant": v, "seed": s, "epochs": "1", "top1": t}
        for v, s, t in (("on", "0", "0.9"), ("off", "0", "0.8"), ("on", "1", "0.7"),
                        ("off", "2", "0.1"))
    ]  # fmt: skip
    assert paired(rows, "on", "off") == {("a", "b"): [pytest.approx(0.1)]}


def test_interval_is_students() -> None:
    d = interval([1.0, 2.0, 3.0])
    assert (d.mean, d.pairs) == (2.0, 3)
    assert d.high - d.mean == pytest.approx(4.3027 / 3**0.5, rel=1e-3)
    assert interval([1.0]).low == float("-inf")


def test_the_page_shows_top1_and_log_loss_of_each_set_and_of_all() -> None:
    rows = [
        {"set": name, "backbone": "b", "variant": v, "seed": s, "epochs": "1", "top1": top1,
         "loss": loss, "cpu_seconds": "7", "parameters": "1024"}
        for name in ("x", "y", "z")
        for v, s, top1, loss in (("on", "0", "0.9", "0.3"), ("off", "0", "0.8", "0.5"),
                                 ("on", "1", "0.9", "0.2"), ("off", "1", "0.8", "0.4"))
    ]  # fmt: skip
    lines = difference_table(rows, {"on": "off"}).splitlines()[2:]
    change = "+10.00 | +10.00 to +10.00 | -0.200 | -0.200 to -0.200 |"
    assert lines == [
        f"| on | off | x | b | 2 | {change}",
        f"| on | off | y | b | 2 | {change}",
        f"| on | off | z | b | 2 | {change}",
        f"| on | off | **all** |  | 6 | {change}",
        f"| on | off | **means of sets and backbones** |  | 3 | {change}",
    ]
    assert "| x | b | on | 2 | 90.00 | 90.0 to 90.0 | 0.250 | 7 | 1,024 |" in page("z", rows, {})
