# assert list(f(2)) == [0, 1]
def f(n):
    for i in range(n):
        got = yield i
    inner = list(squares(n))


def squares(n):
    yield from (i * i for i in range(n))
