"""The recipe of a training run: every setting with its default, what it does and where it comes from (paper 4.1-5.1).

A source "paper 5.1" cites the paper; "not in the paper" marks a choice of ours. Entropies are in nats, or, with
`unit = "start"`, shares of the entropy of the run's first batch: the paper publishes no threshold.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from longstride.errors import unknown_name
from longstride.memory.settings import PROMPT_SETS

OURS = "not in the paper"


def setting(default: Any, about: str, source: str = OURS, **limits: Any) -> Any:
    """A field of a recipe: its default, what it does, and who says so. `...` for a default: it must be given."""
    return Field(default, description=about, json_schema_extra={"source": source}, **limits)


class Section(BaseModel):
    """A table of the recipe: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LoraRecipe(Section):
    rank: int = setting(32, "numbers that a low-rank update is made of", ge=1)
    alpha: int = setting(64, "its scale is alpha / rank", gt=0)
    targets: tuple[str, ...] = setting(
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"), "the matrices that learn"
    )


class ModelRecipe(Section):
    path: str = setting(..., "folder of the starting model: config.json, *.safetensors, tokenizer.json")
    dtype: Literal["auto", "float32", "bfloat16"] = setting("auto", "auto: float32 on a CPU, bfloat16 on a GPU")
    device: str = setting("auto", "auto: the GPU where there is one; or cpu, cuda, cuda:1")
    gradient_checkpointing: bool = setting(True, "recompute a layer in the backward pass instead of holding it")
    lora: LoraRecipe | None = setting(None, "train low-rank updates only; they are merged into the final model")


class DataRecipe(Section):
    folders: tuple[str, ...] = setting(..., "data set folders (with samples/), or parquet files", min_length=1)
    tasks: tuple[str, ...] = setting((), "only these; none given: all that there are")
    max_input_tokens: int = setting(
        32_000, "samples with a longer prompt are left out and counted", "paper Figure 6; the text of 4.1 has 20K", ge=1
    )
    held_out_folder: str | None = setting(None, "a data set to evaluate on; none: a share of `folders`")
    held_out_share: float = setting(0.05, "share of the samples, by whole contexts, that never train", ge=0, lt=1)


class VllmRecipe(Section):
    url: str = setting("http://localhost:8000", "where it serves: VLLM_SERVER_DEV_MODE=1 vllm serve MODEL_FOLDER")
    model: str | None = setting(None, "the name it is served under; none: the one that there is")
    api_key_env: str | None = setting(None, "the variable that holds its key, if it wants one")
    logprobs_mode: Literal["raw_logprobs", "processed_logprobs"] = setting("raw_logprobs", "as it was started")


class RolloutRecipe(Section):
    group_size: int = setting(8, "responses to one prompt (G)", "paper 5.1", ge=1)
    temperature: float = setting(0.7, "of sampling, and of every log-prob and entropy", "paper 5.1", gt=0)
    top_p: float = setting(0.95, "share of the softmax that is drawn from", "paper 5.1", gt=0, le=1)
    top_k: int = setting(0, "most tokens that are drawn from; 0: no limit", ge=0)
    max_output_tokens: int = setting(12_000, "longer responses are cut", "paper 4.1", ge=1)
    token_budget: int | None = setting(
        None, "cached tokens (prompts and room for responses) held at a time; none: by the memory there is", ge=1
    )
    groups_at_once: int = setting(0, "groups decoded before their grading begins; 0: all", ge=0)
    backend: Literal["local", "vllm"] = setting("local", "what decodes: this process, or the vLLM server of `vllm`")
    vllm: VllmRecipe = VllmRecipe()


class MemoryRecipe(Section):
    """How the memory agent reads; `rollout.max_output_tokens` bounds its final answer."""

    chunk_tokens: int = setting(32_000, "read at a time", "paper Figure 6", ge=1)
    memory_tokens: int = setting(15_000, "most that memory and plan may take together", "paper Figure 6", ge=1)
    update_tokens: int = setting(16_000, "most of an update's response, its thinking included", ge=1)
    attempts: int = setting(2, "at an update that cannot be taken, before the previous memory is kept", ge=1)
    prompts: str = setting("paper", "paper, chunk_first, tiny or tiny_chunk_first; see memory/settings.py")

    @field_validator("prompts")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in PROMPT_SETS:
            raise ValueError(str(unknown_name("prompt set", name, PROMPT_SETS)))
        return name


class BatchRecipe(Section):
    prompts: int = setting(128, "prompts a step", "paper 5.1", ge=1)
    balanced: bool = setting(True, "the same number of each task; false: any sample is as likely", "paper 4.2")
    when_tiny: Literal["redistribute", "repeat", "refuse"] = setting(
        "redistribute", "what a task with too few samples does; see rl/sampler.py"
    )
    updates: int = setting(1, "optimizer steps a batch; 1 is strictly on-policy", "paper 2.2, 5.1", ge=1)


class RewardRecipe(Section):
    kind: Literal["rule", "hybrid"] = setting(
        "rule", "hybrid also asks a judge where the rule fails", "the paper's is hybrid, 5.1; rule needs no server"
    )
    models: str | None = setting(None, "TOML file that says where the judge is served; see llm/settings.py")
    judge_role: str = setting("judge", "the judge's role in that file")
    max_failed_share: float = setting(
        0.1, "of a step's questions to the judge: more without a verdict stop the run", ge=0, le=1
    )

    @model_validator(mode="after")
    def _has_models(self) -> RewardRecipe:
        if self.kind == "hybrid" and self.models is None:
            raise ValueError("kind is hybrid, but models is not set; name the file that says where the judge is served")
        return self


class AdvantageRecipe(Section):
    kind: Literal["task", "group", "batch", "tmn"] = setting("task", "see rl/advantage.py", "paper 4.2, Eq. 7")
    unbiased: bool = setting(True, "sample std; false takes the population's", "the authors' code")


class LossRecipe(Section):
    level: Literal["token", "sequence"] = setting("token", "what weighs the same", "paper 2.2")
    scope: Literal["group", "batch"] = setting("group", "averaged within it", "paper Eq. 4")
    count: Literal["all", "kept"] = setting("all", "do masked tokens stay in the denominator", "paper Eq. 8")
    clip: float | tuple[float, float] | None = setting(
        None, "epsilon, or [low, high], of the ratio; needs batch.updates above 1", "paper Eq. 2"
    )
    kl_beta: float = setting(0.0, "weight of the penalty to the starting model", "paper 2.2", ge=0)
    kl_estimator: Literal["k1", "k2", "k3"] = setting("k3", "see rl/loss.py")
    rollout_ratio_cap: float | None = setting(
        None, "truncated importance sampling where the rollout's numbers differ from the trainer's", gt=0
    )


class NegativeClippingRecipe(Section):
    tokens: Literal["none", "high_token", "high_sequence", "low_token", "low_sequence"] = setting(
        "none", "tokens of wrong responses that are left out (Eq. 9)", "off, as in paper 4.4"
    )
    threshold: float | None = setting(None, "entropy beyond which they are", "unpublished", ge=0)
    unit: Literal["nats", "start"] = setting("nats", "start: a share of the first batch's entropy")

    @model_validator(mode="after")
    def _has_threshold(self) -> NegativeClippingRecipe:
        if self.tokens != "none" and self.threshold is None:
            raise ValueError(f"tokens is {self.tokens}, but threshold is not set; state one, the paper publishes none")
        return self


class AepoRecipe(Section):
    controller: Literal["none", "latch", "readme", "positives_only", "entrocraft"] = setting(
        "none",
        "whether negative advantages train, by the batch's entropy; latch is AEPO",
        "the paper's is latch, 4.4; its band is unpublished and must be stated",
    )
    low: float | None = setting(None, "of latch and readme", "unpublished", ge=0)
    high: float | None = setting(None, "of latch and readme", "unpublished", ge=0)
    start: float | None = setting(None, "of entrocraft: the band's middle at first", "arXiv 2604.26326", ge=0)
    end: float | None = setting(None, "of entrocraft: the band's middle from batch `steps` on", ge=0)
    steps: int | None = setting(None, "of entrocraft", ge=1)
    width: float | None = setting(None, "of entrocraft", ge=0)
    unit: Literal["nats", "start"] = setting("nats", "start: shares of the first batch's entropy")

    @model_validator(mode="after")
    def _has_its_settings(self) -> AepoRecipe:
        band, line = ("low", "high"), ("start", "end", "steps", "width")
        needed = {"latch": band, "readme": band, "entrocraft": line}.get(self.controller, ())
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"controller is {self.controller}, but {name} is not set; the recipe must state it")
        for name in {*band, *line} - {*needed}:
            if getattr(self, name) is not None:
                raise ValueError(f"controller is {self.controller}, which has no {name}; take it out")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low is {self.low}, above high, {self.high}")
        return self


class OptimizerRecipe(Section):
    name: Literal["adamw", "muon", "sgd"] = setting(
        "adamw", "muon: for the hidden matrices, AdamW for the rest; sgd: the plain gradient, without momentum"
    )
    lr: float = setting(2e-6, "learning rate", "paper 5.1", ge=0)
    schedule: Literal["constant", "linear", "cosine"] = setting("constant", "linear and cosine end at 0", "paper 5.1")
    warmup_steps: int = setting(0, "steps until the rate is whole", ge=0)
    betas: tuple[float, float] = setting((0.9, 0.999), "of AdamW")
    weight_decay: float = setting(0.0, "decoupled, of matrices", ge=0)
    max_grad_norm: float = setting(1.0, "gradients are scaled down to this norm", gt=0)
    masters: Literal["float32", "none"] = setting(
        "float32", "weights held beside 16-bit ones: steps of 2e-6 vanish in bfloat16"
    )
    muon_momentum: float = setting(0.95, "of muon", ge=0, lt=1)
    muon_scale: Literal["match_adamw", "original"] = setting("match_adamw", "of muon's steps; see muon.py")
    muon_lr_ratio: float = setting(1.0, "muon's learning rate over adamw's", gt=0)


class UpdateRecipe(Section):
    form: Literal["auto", "packed", "streamed"] = setting("auto", "packed is quick, streamed is small; equal gradients")
    slice_tokens: int | None = setting(None, "response tokens that the streamed form holds at a time", ge=1)
    max_bad_steps: int = setting(3, "steps in a row with NaN or infinite gradients before the run stops", ge=1)


class EvalRecipe(Section):
    every: int = setting(10, "steps; also before the first and after the last; 0: never", ge=0)
    samples: int = setting(64, "held-out samples, the same each time, the same number of each task", ge=1)
    rollouts: int = setting(1, "responses to each", ge=1)
    temperature: float = setting(0.0, "0 is greedy; the paper evaluates at 0.7", ge=0)


class CheckpointRecipe(Section):
    every: int = setting(10, "steps; also after the last, and on Ctrl-C", ge=1)
    keep: int = setting(2, "the last so many", ge=1)


class LoggingRecipe(Section):
    report_to: tuple[Literal["tensorboard", "wandb", "trackio"], ...] = setting(
        ("tensorboard",), "beside metrics.jsonl; wandb and trackio must be installed"
    )
    project: str = setting("longstride", "of wandb and trackio", min_length=1)
    dump_rollouts: int = setting(0, "write rollouts/step-*.parquet every so many steps; 0: never", ge=0)
    gradient_by_sign: int = setting(
        10, "measure the gradients of positive and negative advantages apart every so many steps; 0: never", ge=0
    )


class Recipe(Section):
    """A training run. Read one with `recipe_files.load_recipe`."""

    model: ModelRecipe
    data: DataRecipe
    rollout: RolloutRecipe = RolloutRecipe()
    memory: MemoryRecipe | None = setting(None, "read chunk by chunk (paper 2.3); none: all in one prompt")
    batch: BatchRecipe = BatchRecipe()
    reward: RewardRecipe = RewardRecipe()
    advantage: AdvantageRecipe = AdvantageRecipe()
    loss: LossRecipe = LossRecipe()
    negative_clipping: NegativeClippingRecipe = NegativeClippingRecipe()
    aepo: AepoRecipe = AepoRecipe()
    optimizer: OptimizerRecipe = OptimizerRecipe()
    update: UpdateRecipe = UpdateRecipe()
    eval: EvalRecipe = EvalRecipe()
    checkpoint: CheckpointRecipe = CheckpointRecipe()
    logging: LoggingRecipe = LoggingRecipe()
    steps: int = setting(100, "batches", ge=1)
    seed: int = setting(0, "every random choice follows from it")

    @model_validator(mode="after")
    def _fits_together(self) -> Recipe:
        if self.loss.clip is not None and self.batch.updates == 1:
            raise ValueError(
                "loss.clip is set, but batch.updates is 1: the ratio is 1 and nothing is ever clipped; take it out, "
                "or set batch.updates"
            )
        if self.batch.updates > self.batch.prompts:
            raise ValueError(f"batch.updates is {self.batch.updates}, more than batch.prompts, {self.batch.prompts}")
        return self

    def identity(self) -> dict[str, Any]:
        """What decides the weights after each step, as plain JSON.

        How often is evaluated, saved and logged does not, nor where it runs, nor, under a constant rate, the number of
        steps: a finished run goes on with more of them.
        """
        places = {"model": {"device"}, "rollout": {"vllm"}}
        whole = self.model_dump(mode="json", exclude={"eval": True, "checkpoint": True, "logging": True, **places})
        whole["gradient_by_sign"] = self.logging.gradient_by_sign  # takes the gradient in two parts: other rounding
        if self.optimizer.schedule == "constant":
            del whole["steps"]
        return whole
