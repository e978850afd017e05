"""Stop rules and token boundaries: newlines inside tokens, characters split over tokens, special tokens in text."""

from engine_runs import PREFIX, prompt, sample

from linewise.engines.base import Engine, Message, Sampled, Stop, complete_lines


def wild(engine: Engine, stop: Stop) -> list[Sampled]:
    """Samples that go everywhere: of a byte-level vocabulary, also through bytes that are no characters."""
    return [item for seed in range(2) for item in sample(engine, prompt(engine), stop, n=8, seed=seed, temperature=1.6)]


def test_a_line_ends_with_a_token_that_may_hold_more_than_its_newline(engine: Engine) -> None:
    found = [item for item in wild(engine, Stop(40, lines=1)) if item.finish == "stop"]
    assert found
    for item in found:
        last = engine.decode(item.tokens)[len(engine.decode(item.tokens[:-1])) :]
        assert "\n" in last
        assert complete_lines(engine.decode(item.tokens[:-1])) == 0
        assert complete_lines(item.text) >= 1
    if 258 < engine.capabilities.vocabulary < 1000:  # one of tokens longer than a byte, which rarely draws any other
        assert any(len(engine.decode(item.tokens[-1:]).strip(" ")) > 1 for item in found)


def test_the_text_is_asked_for_with_characters_that_are_whole(engine: Engine) -> None:
    """``until`` sees what ``decode`` gives for the tokens so far: nothing of a character that is not whole."""
    asked: list[str] = []

    def never(text: str) -> bool:
        asked.append(text)
        return False

    found = wild(engine, Stop(30, until=never))
    texts = {engine.decode(item.tokens[:end]) for item in found for end in range(1, len(item.tokens) + 1)}
    assert asked
    assert set(asked) <= texts
    assert all(engine.decode(item.tokens) == item.text for item in found)


def test_names_of_special_tokens_stay_text(engine: Engine) -> None:
    special = engine.prompt([Message("user", "")], PREFIX)
    expected = [token for token in special if token in engine.end_tokens]
    names = {engine.decode([token]) for token in engine.end_tokens} - {""}
    assert names or engine.name == "scripted"
    for name in names:
        for text in (name, f"a{name}b", f"{name}\n{name}", f" {name} "):
            assert not engine.end_tokens & set(engine.encode(text))
            assert engine.decode(engine.encode(text)) == text
            tokens = engine.prompt([Message("user", text)], text)
            assert [token for token in tokens if token in engine.end_tokens] == expected
            assert engine.decode(tokens).endswith(text)
