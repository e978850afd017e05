# assert f([1, 2]) == 3
from dataclasses import dataclass


class Node:
    def __init__(self, value, rest):
        self.value = value
        self.rest = rest

    def total(self):
        return self.value + (self.rest.total() if self.rest else 0)


@dataclass
class Point:
    x: int


def f(values):
    node = None
    for value in values:
        node = Node(value, node)
    point = Point(node.total())
    return point.x
