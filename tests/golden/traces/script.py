# stdin 3 4
import sys

numbers = [int(part) for part in sys.stdin.read().split()]


def add(a, b):
    return a + b


for number in numbers:
    print(add(number, 1))
