"""What models are asked to do in a synthesis: everything here decides the data set, and stands in its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from longstride.errors import InputError, unknown_name
from longstride.prompts import load_prompt, prompt_names

if TYPE_CHECKING:
    from longstride.curation.by_model.settings import CheckSettings
    from longstride.llm.settings import ModelsSettings
    from longstride.synthesis.with_models import ModelFamily

GRAPH = "prose_graph"
MODEL_FAMILIES = {
    "mase": "longstride.synthesis.mase:MaseFamily",
    GRAPH: "longstride.synthesis.knowledge_graph.by_model:ProseGraphFamily",
    "prose_tables": "longstride.synthesis.tables.by_model:ProseTablesFamily",
}
JUDGE, SOLVER = "judge", "solver"


@dataclass(frozen=True)
class ModelWork:
    """The families that ask models, the checks that models make, and who plays which role.

    Addresses of servers do not stand here: the same model at another place makes the same data set, and a manifest is
    published.
    """

    families: tuple[str, ...]
    checks: CheckSettings | None = None  # of their samples; None makes none
    judged_share: float = 1.0  # of the documents, that a model rates; not in the paper
    roles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])  # model and sampling
    prompts: str = ""  # names the prompts' texts
    embedding: str | None = None  # by which the graph pairs names too, where one is installed

    def __post_init__(self) -> None:
        if not 0 <= self.judged_share <= 1:
            raise InputError(f"is {self.judged_share}, expected 0..1", field="--judged")
        for name in self.families:
            if name not in MODEL_FAMILIES:
                raise InputError(str(unknown_name("question family", name, MODEL_FAMILIES)))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for a manifest."""
        plain = {name: getattr(self, name) for name in ("families", "judged_share", "roles", "prompts", "embedding")}
        return {**plain, "checks": None if self.checks is None else self.checks.as_record()}


def load_model_families(names: Iterable[str]) -> dict[str, ModelFamily]:
    """The families by name; their modules are imported only now."""
    families: dict[str, ModelFamily] = {}
    for name in names:
        module, _, attribute = MODEL_FAMILIES[name].partition(":")
        families[name] = getattr(import_module(module), attribute)()
    return families


def model_work(
    models: ModelsSettings, families: Sequence[str], checks: CheckSettings | None, judged_share: float
) -> ModelWork:
    """The work for these models. Raises InputError for a role without a model or without its key."""
    work = ModelWork(tuple(sorted(families)), checks, judged_share)
    asked = {role for family in load_model_families(work.families).values() for role in family.roles}
    asked |= {JUDGE} if judged_share else set()
    asked |= {SOLVER, JUDGE} if checks is not None else set()
    roles: dict[str, dict[str, Any]] = {}
    for role in sorted(asked):
        try:
            chosen = models.role(role)
        except InputError as error:
            cure = "name one: --base-url http://localhost:8000/v1 --model NAME"
            raise InputError(f"a model must be asked, and there is {error.problem}", cure=cure) from None
        chosen.api_key()  # a key that is not there is told before any file is read
        roles[role] = {"model": chosen.model, "sampling": asdict(chosen.sampling.sampling())}
        if chosen.prices is not None:
            roles[role]["prices"] = asdict(chosen.prices)
    return ModelWork(work.families, checks, judged_share, roles, prompts_digest(), _embedding(work.families))


def _embedding(families: Sequence[str]) -> str | None:
    """The embedding that the families use: what is installed, for the graph."""
    if GRAPH not in families:
        return None
    from longstride.synthesis.knowledge_graph.by_model.nearness import embedding_name

    return embedding_name()


def prompts_digest() -> str:
    """Names the texts of all prompts: another wording gives other answers."""
    digest = hashlib.sha256()
    for name in prompt_names():
        digest.update(f"{name}\0{load_prompt(name)}\0".encode())
    return digest.hexdigest()[:16]
