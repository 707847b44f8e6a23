"""The verdict of an early stop is strict, and a final turn that does not end is asked once more."""

import asyncio

import pytest

from longstride.llm import ScriptedModel
from longstride.memory.driving import Desk, final_answer, says_done, side_by_side


@pytest.mark.parametrize(
    ("response", "done"),
    [
        ("<done>yes</done>", True),
        ("The memory has it all.\n<done>yes</done>\n", True),
        ("<think>no? yes.</think><done>yes</done>", True),
        ("<done>no</done>", False),
        ("yes", False),
        ("<done>Yes</done>", False),
        ("<done> yes </done>", False),
        ("<done>yes</done> or <done>no</done>", False),
        ("<done>yes</done><done>yes</done>", False),
        ("<think>I would say <done>yes</done>", False),
        ("", False),
    ],
)
def test_only_the_word_itself_ends_a_reading(response: str, done: bool):
    assert says_done(response) == done


def test_an_answer_without_end_is_asked_once_more_as_another_draw():
    model = ScriptedModel(["<think>on and on", "<think>short</think>Orvale"])
    answered = asyncio.run(final_answer(Desk(model), 0, "Where?", 10))
    assert (answered.text, answered.problem) == ("Orvale", "")


def test_the_first_error_of_many_is_raised_as_it_is():
    async def wait() -> int:
        await asyncio.sleep(60)
        return 1

    async def fail() -> int:
        raise KeyError("lost")

    async def one(number: int) -> int:
        return number

    with pytest.raises(KeyError, match="lost"):
        asyncio.run(side_by_side([wait(), fail(), wait()]))
    assert asyncio.run(side_by_side([one(2), one(1)])) == [2, 1]
