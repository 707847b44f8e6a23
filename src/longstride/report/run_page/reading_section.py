"""What a reader can look at: samples with their evidence, a reading of the memory agent, uncertain wrong responses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from longstride.analysis.data_sets import Example, find_sample, read_examples
from longstride.analysis.rollouts import (
    ROLLOUTS,
    Rollout,
    Uncertain,
    find_tokenizer,
    last_dumps,
    longest_reading,
    most_uncertain_wrong,
    read_rollouts,
    uncertain_tokens,
)
from longstride.analysis.run_logs import RunLogs
from longstride.analysis.runs import DATA_SET, MEASURED, SELECTED, Part
from longstride.errors import InputError
from longstride.records import Document, Evidence
from longstride.report.run_page.markup import (
    Markup,
    folded,
    join,
    note,
    number,
    sentence,
    table,
    tag,
    text,
    words,
)

AROUND = 300  # characters of a document shown on both sides of a quotation
WRONG = 3  # responses shown
SHADES = 8  # of entropy
MOST_CHARACTERS = 6_000  # shown of a chunk, a memory, an answer
NO_DUMPS = "No rollouts were kept: logging.dump_rollouts = 10 in a recipe keeps those of every tenth step."


def samples_section(logs: RunLogs) -> Markup:
    """A question of each task, with its evidence where it stands."""
    for log in logs.data_sets:
        try:
            examples = read_examples(log.part)
        except InputError as error:
            return tag("p", f"{log.part.name} cannot be read: {error.problem}", class_="missing")
        if examples:
            opening = note(
                f"The first question of each task in {log.part.name}. What an answer rests on is marked in its "
                "documents; the model sees them among many others."
            )
            return join([opening, *(folded_example(each, place == 0) for place, each in enumerate(examples))])
    return tag("p", "No data set with evidence stands in this run.", class_="missing")


def folded_example(example: Example, open_: bool) -> Markup:
    """A question, its answer, its quoted documents."""
    sample = example.sample
    parts = [
        tag("p", text(sample.core_question), class_="question quoted"),
        tag("p", tag("strong", "Answer: "), tag("span", text(sample.ground_truth[0]), class_="quoted")),
    ]
    for document in example.documents:
        quoted = [each for each in sample.evidence if each.document_id == document.id]
        parts.append(tag("h3", text(document.title), class_="small quoted"))
        parts.append(tag("p", excerpt(document, quoted), class_="document quoted"))
    if len(example.documents) < len({each.document_id for each in sample.evidence}):
        parts.append(tag("p", "A document that it quotes is not there.", class_="missing"))
    return folded(words(sample.task), *parts, open_=open_)


def excerpt(document: Document, quoted: Sequence[Evidence]) -> Markup:
    """The document's text around its quotations, which are marked; a quotation that is not there is left unmarked."""
    size = len(document.text)
    marks = sorted({(each.start, each.end) for each in quoted if document.text[each.start : each.end] == each.text})
    windows: list[list[int]] = []
    for start, end in marks or [(0, 0)]:
        left, right = max(0, start - AROUND), min(size, end + AROUND)
        if windows and left <= windows[-1][1]:
            windows[-1][1] = max(right, windows[-1][1])
        else:
            windows.append([left, right])
    parts: list[str] = []
    for left, right in windows:
        parts.append("… " if left else "")
        inside = [(start, end) for start, end in marks if left <= start and end <= right]
        parts.append(_marked(document.text[left:right], [(start - left, end - left) for start, end in inside]))
        parts.append(" …" if right < size else "")
    return join(parts)


def responses_sections(logs: RunLogs) -> tuple[Markup, Markup]:
    """(a reading of the memory agent, the most uncertain wrong responses), from the last dump of each stage."""
    dumps = last_dumps(logs.run)
    if not dumps:
        missing = tag("p", NO_DUMPS, class_="missing")
        return missing, missing
    rollouts: list[Rollout] = []
    problems: list[Markup] = []
    for part, file in dumps:
        try:
            rollouts += _worth_showing(read_rollouts(logs.run, part, file))
        except InputError as error:
            problems.append(tag("p", f"{logs.run.log(file)}: {error.problem}", class_="missing"))
    reading = longest_reading(rollouts)
    if reading is None:
        memory = tag("p", f"No reading of the memory agent stands in {ROLLOUTS}/.", class_="missing")
    else:
        memory = _reading(logs, reading)
    wrong = most_uncertain_wrong(rollouts, WRONG)
    if wrong:
        uncertain = _uncertain(logs, wrong)
    else:
        uncertain = tag("p", "No wrong response with recorded entropies stands in the last dumps.", class_="missing")
    return join([*problems, memory]), join([*problems, uncertain])


def _data_of(logs: RunLogs, stage: str) -> list[Part]:
    """The data sets in which a stage's samples stand: those that it was trained on, where the run tells."""
    parts = logs.run.of(DATA_SET, MEASURED, SELECTED)
    inputs = next((part.inputs.get("data", ()) for part in logs.run.parts if part.name == stage), ())
    return [part for part in parts if part.name in inputs] or parts


def _worth_showing(rollouts: Iterable[Rollout]) -> list[Rollout]:
    """Of one dump what could be shown, so that the others need not be held."""
    readings: list[Rollout] = []
    wrong: list[Rollout] = []
    for each in rollouts:
        if len(each.trajectory.turns) > 1:
            best = longest_reading([*readings, each])
            readings = [best] if best else []
        wrong = most_uncertain_wrong([*wrong, each], WRONG)
    return list({id(each): each for each in (*readings, *wrong)}.values())


def _reading(logs: RunLogs, rollout: Rollout) -> Markup:
    tokenizer = find_tokenizer(logs.run, rollout.stage)
    if tokenizer is None:
        return tag("p", "No model of the run has a tokenizer.json: its tokens cannot be read.", class_="missing")
    turns = rollout.trajectory.turns
    found = find_sample(_data_of(logs, rollout.stage), rollout.sample_id)
    quotations = [each.text for each in found.sample.evidence] if found else []
    parts: list[Markup] = [
        sentence(
            "{stage}, step {step}: {chunks} chunks read, then an answer from the memory alone. Reward: {reward}.",
            stage=tag("strong", rollout.stage),
            step=number(rollout.step, log=rollout.log, how="step of the file"),
            chunks=number(len(turns) - 1, log=rollout.log, how=f"chunks of {rollout.sample_id}"),
            reward=_reward(rollout),
        )
    ]
    if found:
        parts.append(
            tag("p", tag("strong", "Question: "), tag("span", text(found.sample.core_question), class_="quoted"))
        )
        parts.append(
            tag("p", tag("strong", "Right answer: "), tag("span", text(found.sample.ground_truth[0]), class_="quoted"))
        )
    items: list[Markup] = []
    for place, turn in enumerate(turns):
        last = place == len(turns) - 1
        read = _shortened(tokenizer.decode(turn.prompt_ids))
        said = tokenizer.decode(turn.response_ids)
        marked, any_marked = _with_quotations(read, quotations)
        holds = " It holds evidence, which is marked." if any_marked and not last else ""
        items.append(
            tag(
                "li",
                tag("h3", "The answer" if last else tag("span", f"Chunk {place + 1}", class_="place"), class_="small"),
                folded("What it was given", tag("p", marked, class_="document quoted")),
                note(("Said, from the memory alone:" if last else "Written into the memory:") + holds),
                tag("p", text(_shortened(said)), class_="said quoted"),
            )
        )
    return join([tag("p", parts[0]), *parts[1:], tag("ol", *items, class_="chunks")])


def _uncertain(logs: RunLogs, wrong: Sequence[Rollout]) -> Markup:
    parts: list[Markup] = [
        note(
            "Wrong responses of the last dump whose tokens were the most undecided on average. The stronger a token's "
            "colour, the higher its entropy when it was drawn: the paper sees in them steps that go astray although "
            "the beginning was right."
        )
    ]
    shown: list[Uncertain] = []
    for rollout in wrong:
        tokenizer = find_tokenizer(logs.run, rollout.stage)
        if tokenizer is not None:
            shown.append(uncertain_tokens(rollout, tokenizer))
    if not shown:
        return tag("p", "No model of the run has a tokenizer.json: its tokens cannot be read.", class_="missing")
    most = max((entropy for each in shown for _, entropy in each.tokens), default=0.0) or 1.0
    scale = [tag("span", f"{most * shade / SHADES:.1f}", class_=f"h{shade} tick") for shade in range(SHADES)]
    parts.append(tag("p", "Entropy in nats, from: ", *scale, class_="legend scale"))
    parts += [_response(logs, each, most) for each in shown]
    return join(parts)


def _response(logs: RunLogs, uncertain: Uncertain, most: float) -> Markup:
    rollout = uncertain.rollout
    found = find_sample(_data_of(logs, rollout.stage), rollout.sample_id)
    head = sentence(
        "{stage}, step {step}, {task}: {entropy} nats on average over {count} tokens, reward {reward}.",
        stage=tag("strong", rollout.stage),
        step=number(rollout.step, log=rollout.log, how="step of the file"),
        task=words(rollout.trajectory.task),
        entropy=number(rollout.entropy or 0.0, "{:.3f}", rollout.log, f"mean entropy of {rollout.sample_id}"),
        count=number(rollout.trajectory.response_tokens, log=rollout.log, how=f"tokens of {rollout.sample_id}"),
        reward=_reward(rollout),
    )
    asked = (
        tag(
            "p",
            tag("span", text(found.sample.core_question), class_="quoted"),
            tag("strong", " Right answer: "),
            tag("span", text(found.sample.ground_truth[0]), class_="quoted"),
        )
        if found
        else Markup("")
    )
    spans = [
        tag(
            "span", text(token), class_=f"h{min(SHADES - 1, int(entropy / most * SHADES))}", title=f"{entropy:.3f} nats"
        )
        for token, entropy in uncertain.tokens
    ]
    part = ""
    if len(uncertain.tokens) < uncertain.total:
        part = "Only those tokens in a row that were the most undecided are shown."
    rows = [
        (
            tag("span", str(uncertain.first + place + 1), class_="place"),
            tag("span", text(token), class_="quoted"),
            number(entropy, "{:.3f}"),
        )
        for place, (token, entropy) in enumerate(uncertain.tokens)
    ]
    return tag(
        "div",
        tag("p", head),
        asked,
        tag("p", *spans, class_="tokens quoted"),
        note(part) if part else Markup(""),
        folded("The values", table("Entropy by token", ["place", "token", "nats"], rows, log=rollout.log)),
        class_="response",
    )


def _reward(rollout: Rollout) -> Markup:
    how = f"reward of {rollout.sample_id}"
    return number(rollout.trajectory.reward, "{:g}", rollout.log, how)


def _marked(whole: str, places: Sequence[tuple[int, int]]) -> Markup:
    """A text with marks from start to end; places that overlap are joined."""
    parts: list[str] = []
    done = 0
    for start, end in sorted(places):
        if end > done:
            parts += [text(whole[done : max(start, done)]), tag("mark", text(whole[max(start, done) : end]))]
            done = end
    return join([*parts, text(whole[done:])])


def _with_quotations(whole: str, quotations: Sequence[str]) -> tuple[Markup, bool]:
    """A text with every quotation marked that stands in it, whatever its spaces; whether there was one."""
    places = [
        found.span()
        for quotation in dict.fromkeys(quotations)
        if quotation.split()
        for found in re.finditer(r"\s*".join(map(re.escape, re.findall(r"\w+|[^\w\s]", quotation))), whole)
    ]
    return _marked(whole, places), bool(places)


def _shortened(whole: str) -> str:
    """A text without its middle, where it is very long."""
    if len(whole) <= MOST_CHARACTERS:
        return whole
    half = MOST_CHARACTERS // 2
    return f"{whole[:half]} … {whole[-half:]}"
