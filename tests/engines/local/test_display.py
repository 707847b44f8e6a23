"""What a run shows."""

from io import StringIO

from rich.console import Console

from longstride.engines.local.display import Display, step_line


def test_a_step_is_one_line_of_what_was_measured():
    metrics = {"reward": 0.5, "entropy": 1.25, "kept_share": 1.0, "seconds/rollout": 1.0, "seconds/update": 0.24}
    assert step_line(7, metrics) == "step 7  reward 0.500  entropy 1.250  kept 100%  1.2 s"
    assert step_line(8, {"left_out": "nothing to learn"}) == "step 8  no update: nothing to learn"
    assert step_line(9, {"gradient_norm": None}) == "step 9"


def test_without_a_terminal_there_are_lines_alone():
    text = StringIO()
    with Display(2, console=Console(file=text)) as display:
        display.say("[bold] is no markup here")
        display.phase("rollout")
        display.tokens(5)
        display.step(1, {"reward": 0.25})
    assert text.getvalue() == "[bold] is no markup here\nstep 1  reward 0.250\n"


def test_on_a_terminal_a_bar_tells_what_is_being_done():
    text = StringIO()
    console = Console(file=text, force_terminal=True, width=120, highlight=False)
    with Display(2, done=1, console=console) as display:
        display.phase("rollout")
        display.tokens(1500)
        display.step(2, {"reward": 0.25})
    shown = text.getvalue()
    assert "1,500 tokens" in shown
    assert "2/2" in shown
    assert "step 2  reward 0.250" in shown
