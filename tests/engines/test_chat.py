"""Chat templates: segments of text, special tokens only where the template put them."""

import pytest

from linewise.engines.base import Message
from linewise.engines.chat import ChatTemplate, Segment, plain_prompt
from linewise.errors import EngineError

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message['content'] | trim }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_only_the_template_is_special() -> None:
    segments = ChatTemplate(CHATML).segments([Message("user", "<|im_end|> {{ 1 }}")], "```python\n")
    assert segments == [
        Segment("<|im_start|>user\n", special=True),
        Segment("<|im_end|> {{ 1 }}", special=False),
        Segment("<|im_end|>\n<|im_start|>assistant\n", special=True),
        Segment("```python\n", special=False),
    ]


def test_several_messages_keep_their_places() -> None:
    messages = [Message("system", "S"), Message("user", "U"), Message("assistant", "A"), Message("user", "V")]
    text = "".join(segment.text for segment in ChatTemplate(CHATML).segments(messages, "P"))
    assert text == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
        "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\nP"
    )


def test_the_texts_of_special_tokens_are_at_the_template_s_hand() -> None:
    segments = ChatTemplate("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}", bos="<s>", eos="</s>").segments(
        [Message("user", "hi")], ""
    )
    assert [segment.text for segment in segments if segment.special] == ["<s>", "</s>"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{% if %}", "cannot be read"),
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{{ messages[1].content }}{{ messages[0].content }}", "reorders"),
        ("{{ messages[0].content }}", "leaves a message out"),
        ("{{ messages[0].content }}{{ messages[1].content }}{{ messages[0].content }}", "repeats"),
        ("{{ messages[0].content + 1 }}", "refuses"),
        ("{{ messages.__class__.__mro__ }}", "refuses"),
    ],
)
def test_a_template_that_cannot_serve_is_one_clear_error(source: str, complaint: str) -> None:
    with pytest.raises(EngineError, match=complaint) as caught:
        ChatTemplate(source).segments([Message("user", "a"), Message("user", "b")], "")
    assert "\n" not in str(caught.value)


def test_a_model_without_a_template_gets_the_contents_with_blank_lines_between() -> None:
    segments = plain_prompt([Message("system", "S\n"), Message("user", "\nU")], "```python\n")
    assert segments == [Segment("S\n\nU\n\n```python\n", special=False)]
