# assert f([3, 1, 2]) == [1, 2, 3]
def f(values):
    ordered = []
    for value in values:
        place = 0
        while place < len(ordered) and ordered[place] < value:
            place += 1
        ordered.insert(place, value)
    return ordered
