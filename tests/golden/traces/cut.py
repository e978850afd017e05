# assert f(100) == 4950
def f(n):
    total = 0
    for i in range(n):
        total += i
    long = list(range(n))
    return total
