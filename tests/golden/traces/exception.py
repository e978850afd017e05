# assert f([4, 2, 0]) == 2
def f(values):
    result = 0
    try:
        result = divide(1, 0)
    except ZeroDivisionError as error:
        result = -1
    finally:
        seen = True
    for value in values:
        result = divide(4, value)
    return result


def divide(a, b):
    with open("/dev/null"):
        return a // b
