"""What waits for an engine: nobody waits for good, what computes alike goes together, adapters are kept apart."""

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.models.waiting import Request, Waiting


def request(fresh: int, adapter: str = "", answers: int = 0) -> Request:
    return Request([0] * fresh, lambda result: None, adapter, answers=((1,),) * answers, fresh=fresh)


def waiting(*requests: Request) -> Waiting:
    found = Waiting()
    for one in requests:
        found.put(one)
    return found


@given(st.lists(st.integers(1, 900), min_size=1, max_size=40), st.integers(1, 8))
def test_the_oldest_is_always_among_those_that_go_and_everyone_goes_once(fresh: list[int], most: int) -> None:
    requests = [request(n) for n in fresh]
    left, queue = list(requests), waiting(*requests)
    while queue:
        taken = queue.to_draw(most, 1, None)
        assert left[0] in taken
        assert len(taken) <= most
        assert all(abs(t.fresh - left[0].fresh) <= 0.6 * max(t.fresh, left[0].fresh) + 16 for t in taken)
        left = [r for r in left if r not in taken]
    assert left == []


def test_running_rows_wait_for_company_and_are_joined_by_their_own_adapter_alone() -> None:
    one, two, three = request(10, "a"), request(11, "b"), request(12, "a")
    queue = waiting(one, two)
    assert queue.to_draw(8, 2, "a") == []
    queue.put(three)
    assert set(queue.to_draw(8, 2, "a")) == {one, three}
    assert queue.to_draw(0, 1, None) == []
    assert queue.to_draw(8, 1, None) == [two]
    assert not queue


def test_scoring_goes_by_answers_of_one_adapter_and_never_with_replies() -> None:
    reply, first, other = request(5), request(5, "a", 3), request(5, "b", 1)
    second, large = request(5, "a", 4), request(5, "a", 99)
    queue = waiting(reply, first, other, second, large)
    assert queue.to_score(8) == [first, second]
    assert queue.to_score(8) == [other]
    assert queue.to_score(8) == [large], "more answers than the limit, but alone"
    assert queue.to_score(8) == []
    assert queue.to_draw(8, 1, None) == [reply]
