"""Meetings of threads inside kernels: nobody passes before all have come."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn._core import threads
from spinglass_nn._core.jit import kernel
from spinglass_nn._core.simd_meetings import common_loss, crew, meet, share_of, tell_loss


@kernel
def pass_on(member, n_rounds, board):
    """Each round everyone writes down the sum of what all wrote in the round before."""
    for turn in range(n_rounds):
        total = 0
        for other in range(member.size):
            total += board[turn % 2, other]
        board[(turn + 1) % 2, member.member] = total
        meet(member)
    return n_rounds


@pytest.mark.parametrize("size", [1, 2, 3])
def test_everyone_sees_what_all_wrote_before_a_meeting(size):
    n_rounds = 20
    board, members = np.zeros((2, size), np.int64), crew(size)
    board[0] = 1
    threads.together(lambda k: pass_on(members[k], n_rounds, board), size)
    np.testing.assert_array_equal(board[n_rounds % 2], size**n_rounds)


@kernel
def parts(member, n):
    return share_of(member, n)


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 7, 20])
def test_shares_are_the_whole(size, n):
    found = [parts(member, n) for member in crew(size)]
    assert [low for low, _ in found] == [0, *(high for _, high in found[:-1])]
    assert found[-1][1] == n


@kernel
def told(member, loss):
    tell_loss(member, loss)
    meet(member)
    return common_loss(member)


def test_losses_are_summed_over_members():
    members = crew(3)
    assert threads.together(lambda k: told(members[k], 2.0**k), 3) == 7.0
