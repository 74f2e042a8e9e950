from s2st import drain


def counting(total):
    yield from range(total)
    return "result"


def test_drain_shows_every_record_and_returns_the_result():
    seen = []
    assert drain(counting(3), seen.append) == "result"
    assert seen == [0, 1, 2]


def test_a_listener_may_stop_the_loop():
    class Cancelled(Exception):
        pass

    def cancel(record):
        if record == 1:
            raise Cancelled

    steps = counting(3)
    try:
        drain(steps, cancel)
    except Cancelled:
        assert next(steps) == 2  # the loop itself was left in order
    else:
        raise AssertionError("the listener's exception was swallowed")
