# assert f("abca") == {"a": 2, "b": 1, "c": 1}
def f(text):
    letters = sorted({letter for letter in text})
    pairs = [
        (letter, text.count(letter))
        for letter in letters
    ]
    biggest = max(pairs, key=lambda pair: pair[1])
    return dict(pairs)
