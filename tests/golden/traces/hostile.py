# assert f() == 1
class Raises:
    def __repr__(self):
        raise ValueError("no")


class Slow:
    def __repr__(self):
        while True:
            pass


class Lies(list):
    def __len__(self):
        return 10**9


def f():
    raises = Raises()
    lies = Lies([1])
    huge = 10**100_000
    loop = [1]
    loop.append(loop)
    deep = []
    for _ in range(1000):
        deep = [deep]
    text = "\ud800\0" * 100
    slow = Slow()
    return 1
