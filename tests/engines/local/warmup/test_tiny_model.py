"""The tiny model: an ordinary model folder, whose weights copy before any training."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3ForCausalLM

from longstride.corpus.world import World
from longstride.engines.local.warmup.tiny_model import TinyShape, make_tiny_model, quantities, tiny_model
from longstride.engines.local.warmup.word_tokenizer import BOS, word_tokenizer
from longstride.errors import InputError

TOKENIZER = word_tokenizer()
IDS = TOKENIZER.get_vocab()


@pytest.fixture(scope="module")
def model() -> Qwen3ForCausalLM:
    made = tiny_model(TOKENIZER, seed=0)
    made.set_attn_implementation("eager")
    return made


@pytest.fixture(scope="module")
def plain(model: Qwen3ForCausalLM) -> Qwen3ForCausalLM:
    torch.manual_seed(0)
    return Qwen3ForCausalLM(model.config).eval()


@torch.no_grad()
def next_word(model: Qwen3ForCausalLM, text: str) -> str:
    ids_1L = torch.tensor([[IDS[BOS], *TOKENIZER.encode(text)]])
    return str(TOKENIZER.decode(int(model(ids_1L).logits[0, -1].argmax())))


@torch.no_grad()
def attention_BhLL(model: Qwen3ForCausalLM, ids_1L: Tensor, layer: int) -> Tensor:
    return model(ids_1L, output_attentions=True).attentions[layer]


def test_a_head_of_the_first_layer_looks_at_each_of_the_last_tokens(model: Qwen3ForCausalLM):
    ids_1L = torch.randint(1, len(TOKENIZER) - 3, (1, 200), generator=torch.Generator().manual_seed(1))
    weight_hLL = attention_BhLL(model, ids_1L, layer=0)[0]
    for head in range(4):
        looks_back = weight_hLL[head].diagonal(-(head + 1))
        assert looks_back[8:].min() > 0.9, f"head {head}"


def test_the_second_layer_finds_the_place_whose_past_is_the_present(model: Qwen3ForCausalLM):
    draw = random.Random(0)
    words = draw.sample(range(1, 400), 60)
    again = 20
    ids_1L = torch.tensor([[*words, *words[again : again + 4]]])
    weight_hL = attention_BhLL(model, ids_1L, layer=1)[0, :, -1]
    assert int(weight_hL.mean(0).argmax()) == again + 4


def repeats(count: int) -> list[tuple[list[int], int]]:
    """Random words, four of them again at the end, and what followed them."""
    draw = random.Random(3)
    made: list[tuple[list[int], int]] = []
    for _ in range(count):
        words = [draw.randrange(1, 430) for _ in range(120)]
        place = draw.randrange(100)
        made.append(([*words, *words[place : place + 4]], words[place + 4]))
    return made


@torch.no_grad()
def share_copied(model: Qwen3ForCausalLM, cases: list[tuple[list[int], int]]) -> float:
    ids_BL = torch.tensor([ids for ids, _ in cases])
    said_B = model(ids_BL).logits[:, -1].argmax(-1)
    return float((said_B == torch.tensor([follows for _, follows in cases])).float().mean())


def test_untrained_it_goes_on_as_the_text_did_and_a_plain_model_does_not(
    model: Qwen3ForCausalLM, plain: Qwen3ForCausalLM
):
    cases = repeats(60)
    assert share_copied(model, cases) > 0.9
    assert share_copied(plain, cases) < 0.1


def test_untrained_it_looks_facts_of_the_small_world_up(model: Qwen3ForCausalLM, plain: Qwen3ForCausalLM):
    right = {"constructed": 0, "plain": 0}
    asked = 0
    for seed in range(5):
        pages = list(World(seed, "small").pages(count=7))
        text = " ".join(document.text for document, _ in pages)
        for fact in (fact for _, facts in pages for fact in facts if not fact.relation.startswith("riddle")):
            asked += 1
            question = f"{text} Question : what ? Reply : {fact.subject} {fact.relation}"
            right["constructed"] += next_word(model, question) == fact.object.split()[0]
            right["plain"] += next_word(plain, question) == fact.object.split()[0]
    assert asked > 60
    assert right["constructed"] > 0.75 * asked
    assert right["plain"] < 0.1 * asked


def test_numbers_of_as_many_digits_stand_on_a_line_in_their_order(model: Qwen3ForCausalLM):
    assert quantities({"tea": 0, "30": 1, "10": 2, "2031": 3, "20": 4, "x7": 5}).tolist() == [0, 1, -1, 0, 0, 0]
    number_NH = model.model.embed_tokens.weight.detach()[[IDS[str(number)] for number in range(10, 60)]]
    more_H = number_NH[25:].mean(0) - number_NH[:25].mean(0)
    along_N = number_NH @ more_H
    assert float(torch.corrcoef(torch.stack([along_N, torch.arange(50.0)]))[0, 1]) > 0.9


def test_the_folder_is_an_ordinary_one_and_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    one, two, other = (make_tiny_model(tmp_path / name, seed) for name, seed in (("1", 5), ("2", 5), ("3", 6)))
    model = AutoModelForCausalLM.from_pretrained(one)
    assert isinstance(model, Qwen3ForCausalLM)
    assert sum(parameter.numel() for parameter in model.parameters()) < 500_000
    assert model.config.eos_token_id == AutoTokenizer.from_pretrained(one).eos_token_id
    names = sorted(path.name for path in one.iterdir())
    assert "model.safetensors" in names and "tokenizer.json" in names
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)
    assert (one / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_making_a_model_leaves_the_callers_random_numbers_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    tiny_model(TOKENIZER, seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="another folder"):
        make_tiny_model(tmp_path, seed=0)


@pytest.mark.parametrize("shape", [TinyShape(layers=1), TinyShape(hidden_size=48)])
def test_a_shape_that_cannot_hold_the_circuit_is_refused(shape: TinyShape):
    with pytest.raises(ValueError, match=r"layers|width"):
        tiny_model(TOKENIZER, seed=0, shape=shape)
