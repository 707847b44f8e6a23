"""A model's folder, or a served model, evaluated on data sets (paper 5): the engine and the sources handed to the room.

The engine is imported where answers are missing, and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from longstride.errors import InputError, unknown_name
from longstride.evaluation.answering import TrajectoryAnswerer
from longstride.evaluation.arms import FULL_CONTEXT, MEMORY, MODES, Arm, Decoding
from longstride.evaluation.comparison import compare
from longstride.evaluation.questions import EvaluationSet, load_sets
from longstride.evaluation.report import RESULTS, show, show_comparison, write_comparison
from longstride.evaluation.results import Results, read_results
from longstride.evaluation.runner import QUESTIONS_AT_ONCE, evaluate
from longstride.evaluation.served import ROLE, FullContextReader, MemoryReader, Reader, ServedAnswerer, served_answerer
from longstride.evaluation.truncation import fitted
from longstride.llm import ChatModel, ModelsSettings, load_settings
from longstride.memory.query import Query
from longstride.memory.samples import Documents, query_of
from longstride.memory.settings import MemorySettings
from longstride.memory.window import Fit, fit_window, served_window
from longstride.records import Message, Sample
from longstride.tokens import BUNDLED, load_tokenizer
from longstride.workspace import WORK

if TYPE_CHECKING:
    from longstride.engines.local.policy import Policy

AGENTS = {"none": (FULL_CONTEXT,), "memory": (MEMORY,), "both": MODES}
RESPONSES = "responses.sqlite"
PIPED_WIDTH = 200
SMALL_MODEL_BYTES = 16_000_000  # of weights; not in the paper
SMALL_MODEL_QUESTIONS = 128  # at once: a step of a small model takes as long for a few questions as for many


@dataclass(frozen=True)
class EvaluationSettings:
    """What decides an evaluation, beside the model and the questions. None leaves a length to the model's window."""

    agent: str = "none"  # none: one pass over the whole prompt; memory: the memory agent; both
    decoding: Decoding = field(default_factory=Decoding)
    samples: int | None = None  # of each data set; None takes all
    seed: int = 0
    window: int | None = None  # tokens
    answer_tokens: int | None = None
    chunk_tokens: int | None = None
    memory_tokens: int | None = None
    update_tokens: int | None = None
    prompts: str = "paper"  # of the memory agent, see memory.settings

    def __post_init__(self) -> None:
        if self.agent not in AGENTS:
            raise InputError(str(unknown_name("agent", self.agent, AGENTS)))
        if self.samples is not None and self.samples < 1:
            raise InputError(f"samples is {self.samples}, expected at least 1")
        MemorySettings(prompts=self.prompts)

    @property
    def arms(self) -> list[Arm]:
        """The ways in which every question is answered."""
        return [Arm(mode, self.decoding) for mode in AGENTS[self.agent]]

    def fit(self, sets: Sequence[EvaluationSet], tokenizer: str, window: int | None, source: str) -> Fit:
        """The lengths for a window, with room for the longest question. Raises InputError where nothing fits."""
        counter = load_tokenizer(tokenizer)
        queries = {query_of(sample) for each in sets for sample in each.samples}
        longest = max(sorted(queries, key=str), key=lambda query: counter.count(query.whole), default=Query("?"))
        lengths = {
            name: getattr(self, name) for name in ("chunk_tokens", "memory_tokens", "update_tokens", "answer_tokens")
        }
        return fit_window(
            [longest], counter.count, window, source, prompts=self.prompts, estimated=tokenizer == BUNDLED, **lengths
        )

    def identity(self) -> dict[str, Any]:
        """What answers depend on and `evaluate` is not told otherwise."""
        values = asdict(self)
        return {name: values[name] for name in values if name not in ("agent", "decoding", "samples", "seed")}


def evaluate_model(
    folder: str | Path,
    datasets: Sequence[str | Path],
    output: str | Path,
    settings: EvaluationSettings | None = None,
    console: Console | None = None,
) -> Results:
    """Answer the samples of data set folders with a model folder, on this machine; grade them by their rules.

    Every response's noise is a function of the seed, the sample and its number, so two models are compared under the
    same draws. Resumable, see `evaluation.runner.evaluate`; the same seed gives the same bytes on one machine.
    Raises InputError for a folder that is no model's, data sets without samples, and lengths that do not fit.
    """
    from longstride.engines.local.architectures import check_folder
    from longstride.engines.local.warmup.command import model_origin

    settings, folder, paths = settings or EvaluationSettings(), Path(folder), [Path(each) for each in datasets]
    check_folder(folder)
    sets = load_sets(paths, settings.samples, settings.seed)

    @cache
    def answerers() -> dict[Arm, TrajectoryAnswerer]:
        """Of all arms before the first answers: lengths that do not fit are told at once."""
        from transformers.utils import logging

        from longstride.engines.local.policy import load_policy
        from longstride.engines.local.threads import settle_threads

        logging.disable_progress_bar()
        policy = load_policy(folder)
        settle_threads(policy)
        return {arm: _local_answerer(policy, folder, paths, sets, arm, settings) for arm in settings.arms}

    @contextmanager
    def open_answerer(arm: Arm) -> Iterator[TrajectoryAnswerer]:
        yield answerers()[arm]

    return evaluate(
        sets,
        settings.arms,
        open_answerer,
        output,
        model=_called(folder),
        settings={**settings.identity(), "model_digest": model_origin(folder)},
        seed=settings.seed,
        questions_at_once=_questions_at_once(folder),
        console=console,
    )


def evaluate_server(
    models: ModelsSettings,
    datasets: Sequence[str | Path],
    output: str | Path,
    settings: EvaluationSettings | None = None,
    *,
    tokenizer: str = BUNDLED,
    console: Console | None = None,
) -> Results:
    """As `evaluate_model`, with a model that an OpenAI-compatible server serves; it is named in `models`.

    tokenizer: counts the tokens that fit its window; the bundled one is an estimate, for which a margin is kept.
    Raises ModelError where the server gives no answer.
    """
    settings, output, paths = settings or EvaluationSettings(), Path(output), [Path(each) for each in datasets]
    chosen = models.role(ROLE)
    key = chosen.api_key()
    sets = load_sets(paths, settings.samples, settings.seed)
    documents = Documents.of_folders(paths if MEMORY in AGENTS[settings.agent] else [])

    @cache
    def fit() -> Fit:
        window, source = settings.window, "--window"
        if window is None:
            window, source = served_window(chosen.base_url, chosen.model, key), "the server"
        return settings.fit(sets, tokenizer, window, source)

    def open_answerer(arm: Arm) -> AbstractContextManager[ServedAnswerer]:
        def reader_of(model: ChatModel) -> Reader:
            counter, fitting = load_tokenizer(tokenizer), fit()
            if arm.mode == MEMORY:
                return MemoryReader(model, arm.decoding, counter, fitting, documents)
            room = fitting.settings.answer_tokens
            return FullContextReader(
                model, arm.decoding, counter, fitting.window - room - fitting.margin, room, template_tokens=0
            )

        return served_answerer(models, output / WORK / RESPONSES, reader_of)

    return evaluate(
        sets,
        settings.arms,
        open_answerer,
        output,
        model=chosen.model,
        settings={**settings.identity(), "tokenizer": tokenizer},
        seed=settings.seed,
        console=console,
    )


@dataclass(frozen=True)
class Server:
    """Where `longstride evaluate` finds a served model; None leaves a choice to the environment or the defaults."""

    base_url: str
    tokenizer: str = BUNDLED
    api_key_env: str | None = None
    max_concurrency: int | None = None
    timeout_seconds: float | None = None

    def settings(self, model: str) -> ModelsSettings:
        """The settings of its client. Raises InputError for what no client can use."""
        given = {name: value for name, value in asdict(self).items() if value is not None and name != "tokenizer"}
        return load_settings(**given, model=model)


def run_evaluate(
    model: str,
    datasets: Sequence[Path],
    output: Path,
    settings: EvaluationSettings,
    *,
    server: Server | None,
    against: Path | None,
) -> None:
    """`longstride evaluate`."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH  # a file has no edge to wrap at
    other = None if against is None else read_results(against)
    if server is None:
        results = evaluate_model(model, datasets, output, settings, console)
    else:
        results = evaluate_server(
            server.settings(model), datasets, output, settings, tokenizer=server.tokenizer, console=console
        )
    show(results, console)
    if other is not None:
        compared = compare(results, other)
        for label, comparison in compared.items():
            console.print(label, markup=False)
            show_comparison(comparison, console)
        console.print(str(write_comparison(output, compared)), markup=False, soft_wrap=True)
    console.print(str(output / RESULTS), markup=False, soft_wrap=True)


def _questions_at_once(folder: Path) -> int:
    """How many questions a kill may cost: more of a small model's, which are soon answered again."""
    small = sum(file.stat().st_size for file in folder.glob("*.safetensors")) <= SMALL_MODEL_BYTES
    return SMALL_MODEL_QUESTIONS if small else QUESTIONS_AT_ONCE


def _called(folder: Path) -> str:
    """The folder's name, with the run's before it where it is one's `model`."""
    path = folder.resolve()
    return f"{path.parent.name}/{path.name}" if path.name == "model" else path.name


def _local_answerer(
    policy: Policy,
    folder: Path,
    datasets: Sequence[Path],
    sets: Sequence[EvaluationSet],
    arm: Arm,
    settings: EvaluationSettings,
) -> TrajectoryAnswerer:
    from longstride.engines.chat_prompts import chat_prompt
    from longstride.engines.full_context import FullContextSource
    from longstride.engines.graders import RuleGrader
    from longstride.engines.local.rollout import LocalGenerator, position_limit
    from longstride.engines.local.sampling import SamplingSettings
    from longstride.engines.memory_agent import MemorySource

    positions, tokenizer = position_limit(policy), policy.tokenizer
    window = min(settings.window or positions, positions)

    def prompt_tokens(sample: Sample) -> int:
        return len(chat_prompt(tokenizer, sample.prompt).ids)

    def fit(sample: Sample) -> tuple[Sample, int]:
        return fitted(sample, window - answer_tokens, prompt_tokens, load_tokenizer(folder))

    def whole(sample: Sample) -> tuple[Sample, int]:
        return sample, 0

    if arm.mode == MEMORY:
        lengths = settings.fit(sets, str(folder), window, "the model").settings
        answer_tokens = lengths.answer_tokens
        source: Any = MemorySource(tokenizer, RuleGrader(), Documents.of_folders(datasets), lengths)
    else:
        answer_tokens = settings.answer_tokens or max(1, min(MemorySettings().answer_tokens, window // 4))
        source = FullContextSource(tokenizer, RuleGrader(), window - answer_tokens, answer_tokens)
    generator = LocalGenerator(
        policy,
        SamplingSettings(arm.decoding.temperature, arm.decoding.top_p),
        f"{settings.seed}/evaluation",
        _token_budget(policy, window, arm.decoding.answers),
    )
    opened = chat_prompt(tokenizer, [Message(role="user", content="a")]).thinking_opened
    return TrajectoryAnswerer(
        source, generator, arm.decoding.answers, whole if arm.mode == MEMORY else fit, thinking_opened=opened
    )


def _token_budget(policy: Policy, window: int, answers: int) -> int:
    """What a quarter of the memory holds, but no more than a batch of questions needs."""
    import torch

    from longstride.engines.local.generators import CACHE_SHARE
    from longstride.engines.local.rollout import cached_token_bytes

    if policy.device.type == "cuda":
        memory = torch.cuda.get_device_properties(policy.device).total_memory
    else:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    fitting = int(memory * CACHE_SHARE) // cached_token_bytes(policy)
    return max(1, min(fitting, SMALL_MODEL_QUESTIONS * answers * window))
