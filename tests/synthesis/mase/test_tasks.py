"""The tasks, and their order."""

from longstride.prompts import prompt_names
from longstride.records import QUESTION_TYPES, TASKS
from longstride.synthesis.mase.tasks import MASE_TASKS, turn_of


def test_every_task_is_one_that_samples_know_and_has_its_prompt():
    for task in MASE_TASKS:
        assert task.task in TASKS
        assert set(task.question_types) <= set(QUESTION_TYPES)
        assert task.prompt in prompt_names()
        assert task.choice == (task.task == "multiple_choice")


def test_the_tasks_take_turns_and_so_do_their_types():
    turns = [turn_of(number) for number in range(16)]
    assert [each.task.name for each in turns[:5]] == [
        "reading_comprehension", "multiple_choice", "in_context_learning", "viewpoint", "reading_comprehension"
    ]  # fmt: skip
    for place, task in enumerate(MASE_TASKS):
        types = [each.question_type for each in turns if each.task is task]
        assert len(types) == 4
        assert set(types) == set(task.question_types)
        assert turns[place + 4].question_type == task.question_types[1 % len(task.question_types)]
