# assert f(3) == 7
def f(n):
    if n == 0:
        return 1
    return helper(n) + f(n - 1)


def helper(n):
    doubled = n * 2
    return doubled - n
