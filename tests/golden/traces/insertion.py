# insert ordered, total
def largest(numbers):
    best = numbers[0]
    for number in numbers:
        best = max(best, number)
    return best

ordered = sorted(values)
total = 0
for value in ordered:
    total += value
top = largest(values)
values.append(top)
