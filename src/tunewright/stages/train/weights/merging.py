"""An adapter merged into a float base, and the proof that the merged model is the one that was trained.

Two things can go wrong, and each has its own test. The arithmetic: base plus adapter must give the logits of the base
with the adapter beside it, both in fp32 and from files just read. And the base: a merge that is right in itself can be
of another function than the one that was trained and chosen, because the base was quantized then, or because the sum
is rounded to 16 bits now. That is told by the divergence of the answers, held against how far the fine-tune itself
moved them (docs/decisions/021).
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tunewright.core.candidate import Candidate, Plan
from tunewright.core.errors import UserError
from tunewright.core.files import publish_text, sync_tree
from tunewright.core.frozen import Frozen
from tunewright.core.progress import Progress

if TYPE_CHECKING:
    from tunewright.stages.train.data.chats import Chats
    from tunewright.stages.train.data.inputs import Start

Base = Literal["original", "dequantized"]

ADAPTER_FOLDER = "adapter"
FILE = "merge.json"
#: fp32 products in another order differ by some 1e-5 of a logit's scale; a wrong merge differs by whole logits.
MERGE_TOLERANCE = 1e-3
#: Share of the fine-tune's own divergence that the published model may be off by. Right merges of this product's
#: starter model are off by some 1 % of it, merges that erase the fine-tune by 100 %; see docs/decisions/021.
KL_SHARE = 0.1
#: Nats per token below which nobody could tell two models apart, however little was learned.
KL_FLOOR = 1e-5
#: Chats that two models are compared on, and how many tokens of each: logits of large vocabularies are large.
PROBES = 8
PROBE_TOKENS = 256


class Merge(Frozen):
    """What a merge measured, on a few chats of the validation split.

    Attributes:
        base: the base that the adapter was merged into.
        dtype: number format of the weights on disk.
        exact: largest difference of any logit between base plus adapter and the merged model, both in fp32 and before
            rounding to `dtype`, over the largest logit.
        difference: largest difference of any logit between the trained model and the model on disk, likewise.
        kl: divergence of the model on disk from the trained one, mean over tokens, in nats.
        kl_tuned: divergence of the base without the adapter from the trained model: what the fine-tune did.
        kl_inputs: divergence of the untuned base from itself with its inputs rounded, where training rounded them.
        kl_limit: the most that `kl` may be.
        tokens: tokens compared.
    """

    base: Base
    dtype: str
    exact: float
    difference: float
    kl: float
    kl_tuned: float
    kl_inputs: float
    kl_limit: float
    tokens: int

    @property
    def words(self) -> str:
        """This, in a sentence or two."""
        share = f", {100 * self.kl / self.kl_tuned:.2g} % of what the fine-tune changed" if self.kl_tuned else ""
        return (
            f"The merged model agrees with the adapter: logits differ by at most {self.exact:.1e} of their scale. "
            f"As saved, in {self.dtype} on the {self.base} base, it is {self.kl:.1e} nats a token from the trained "
            f"model{share}."
        )


@dataclass(frozen=True)
class Gap:
    """How far two models are apart: largest logit difference over the largest logit, and mean KL in nats a token."""

    difference: float
    kl: float


def publish_merged(
    model: Any,
    start: "Start",
    plan: Plan,
    work: Path,
    progress: Progress,
    *,
    base: Base = "original",
    load: Callable[[], Any] | None = None,
    unrounded: Callable[[], Any] | None = None,
    share: float = KL_SHARE,
) -> Merge:
    """Write ``work/model`` at once and whole: merged weights in the base's own number format, and what was measured.

    Where rounding to 16 bits would cost more than the limit, the weights are kept in fp32, which is said.

    Args:
        model: the trained model, adapters and all.
        start: base and probes.
        plan: name of the base, for the adapter's own record.
        work: the run's folder.
        progress: told what was measured.
        base: what the adapter is merged into.
        load: that base in fp32, freshly from its files; by default as they are.
        unrounded: for a model that was trained with rounded inputs, as 8-bit layers have and a merged model has not:
            its base with the same weights in fp32. What the inputs' rounding does to the base is allowed besides.
        share: the limit of the divergence, as a share of the fine-tune's own.

    Raises:
        UserError: E-TRAIN-009 when the merged model is not the trained one.
    """
    import torch

    from tunewright.stages.train.data.inputs import keep_tokenizer

    target = work / Candidate.MODEL_FOLDER
    aside = work / f".{Candidate.MODEL_FOLDER}.part"
    for folder in (target, aside):
        shutil.rmtree(folder, ignore_errors=True)
    config = model.peft_config["default"]
    config.base_model_name_or_path = plan.base
    if isinstance(config.target_modules, set):  # in an order that every process draws anew; the file must not
        config.target_modules = sorted(config.target_modules)
    # Word vectors are not adapted; asked to find that out, PEFT would look the base's name up on the Hub.
    model.save_pretrained(aside / ADAPTER_FOLDER, safe_serialization=True, save_embedding_layers=False)
    (aside / ADAPTER_FOLDER / "README.md").unlink(missing_ok=True)  # a model card template of PEFT's, not ours
    trained, untuned = _logits_with_and_without(model, start.held_out)
    tuned = gap(trained, untuned).kl
    inputs = gap(untuned, probe_logits(unrounded(), start.held_out)).kl if unrounded else 0.0
    limit = max(share * tuned, KL_FLOOR) + inputs
    dtype = dtype_of(start.files.folder)
    exact, saved = _merged_and_saved(start, aside, load, dtype, trained)
    if dtype is not torch.float32 and not saved.kl <= limit:
        progress.say(
            f"The merged weights are kept in float32: rounded to {_name(dtype)}, as the base is, the model would be "
            f"{saved.kl:.1e} nats a token from the trained one, and {limit:.1e} is allowed."
        )
        dtype = torch.float32
        exact, saved = _merged_and_saved(start, aside, load, dtype, trained)
    merge = Merge(
        base=base,
        dtype=_name(dtype),
        exact=rounded(exact),
        difference=rounded(saved.difference),
        kl=rounded(saved.kl),
        kl_tuned=rounded(tuned),
        kl_inputs=rounded(inputs),
        kl_limit=rounded(limit),
        tokens=sum(len(logits) for logits in trained),
    )
    _require_near(merge)
    keep_tokenizer(start, aside)
    publish_text(aside / FILE, merge.model_dump_json(indent=2) + "\n")
    progress.say(merge.words)
    sync_tree(aside)
    aside.rename(target)
    return merge


def probe_logits(model: Any, probes: "Chats") -> list[Any]:
    """Logits of a few chats, each ``(tokens, vocabulary)``, in fp32 in main memory, dropout off."""
    import torch

    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode():
        ids = [torch.tensor([chat.ids[:PROBE_TOKENS]], device=device) for chat in probes.chats[:PROBES]]
        return [model(input_ids=line, use_cache=False).logits[0].float().cpu() for line in ids]


def gap(ours: Sequence[Any], theirs: Sequence[Any]) -> Gap:
    """How far `theirs` are from `ours`: logits of the same chats, as :func:`probe_logits` gives them.

    KL(ours ‖ theirs) is computed in fp64; in fp32 its terms cancel to some 1e-7.
    """
    import torch

    if any(not bool(torch.isfinite(logits).all()) for logits in (*ours, *theirs)):
        return Gap(float("inf"), float("inf"))
    worst, scale, total, tokens = 0.0, 0.0, 0.0, 0
    for our, their in zip(ours, theirs, strict=True):
        worst, scale = max(worst, float((our - their).abs().max())), max(scale, float(our.abs().max()))
        our_log, their_log = (torch.log_softmax(logits.double(), dim=-1) for logits in (our, their))
        total += float((our_log.exp() * (our_log - their_log)).sum())
        tokens += len(our)
    return Gap(worst / scale if scale else float("inf"), max(total / tokens, 0.0))


def rounded(value: float) -> float:
    """Three digits: what differs beyond them differs from one number of threads to another."""
    return float(f"{value:.3g}")


def dtype_of(folder: Path) -> Any:
    """The float type that most weights in a model folder are stored in, read from the files' headers; else fp32."""
    import json
    import math
    from collections import Counter

    import torch

    known = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}
    stored: Counter[Any] = Counter()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        for name, entry in header.items():
            if name != "__metadata__" and entry["dtype"] in known:
                stored[known[entry["dtype"]]] += math.prod(entry["shape"])
    return stored.most_common(1)[0][0] if stored else torch.float32


def _logits_with_and_without(model: Any, probes: "Chats") -> tuple[list[Any], list[Any]]:
    """Logits of the trained model, and of its base alone."""
    trained = probe_logits(model, probes)
    with model.disable_adapter():
        return trained, probe_logits(model, probes)


def _merged_and_saved(
    start: "Start", aside: Path, load: Callable[[], Any] | None, dtype: Any, trained: list[Any]
) -> tuple[float, Gap]:
    """Merge in fp32, save rounded to `dtype`; the error of the sum, and how far what was saved is from `trained`.

    Raises:
        UserError: E-TRAIN-009 when the sum itself is wrong.
    """
    from peft import PeftModel
    from transformers.utils import logging

    from tunewright.models.causal_lm import CausalLM
    from tunewright.models.encoder import quiet

    device = start.base.device
    fresh = load() if load else CausalLM.load(start.files.folder, device=device).model
    beside = PeftModel.from_pretrained(fresh, aside / ADAPTER_FOLDER)
    apart = probe_logits(beside, start.held_out)
    merged = beside.merge_and_unload(safe_merge=True)
    exact = gap(apart, probe_logits(merged, start.held_out)).difference
    _require_exact(exact)
    for path in aside.glob("*.safetensors*"):
        path.unlink()
    with quiet(logging):
        merged.to(dtype).save_pretrained(aside, safe_serialization=True)
    del fresh, beside, merged
    start.base.tokenizer.save_pretrained(aside)
    return exact, gap(trained, probe_logits(CausalLM.load(aside, device=device).model, start.held_out))


def _require_exact(difference: float) -> None:
    """Raise E-TRAIN-009 when the sum itself is wrong."""
    if not difference <= MERGE_TOLERANCE:
        raise UserError(
            "E-TRAIN-009",
            f"The merged model's logits differ from the trained adapter's by {difference:.2g} of their scale.",
            why=f"More than {MERGE_TOLERANCE} is no rounding: what would be released is not what was trained.",
            fix="Report this with the base model's name; its layers are not merged rightly by PEFT.",
        )


def _require_near(merge: Merge) -> None:
    """Raise E-TRAIN-009 when what was saved is too far from what was trained."""
    if not merge.kl <= merge.kl_limit:
        raise UserError(
            "E-TRAIN-009",
            f"The merged model is {merge.kl:.2g} nats a token from the trained one, at most {merge.kl_limit:.2g} is "
            f"allowed; the whole fine-tune moved the base by {merge.kl_tuned:.2g}.",
            why=f"Merged into the {merge.base} base, the weights are of another function than the one that was trained "
            "and chosen on the validation rows.",
            fix="Set merge_into: dequantized where it was set to original; else report this with the base's name.",
        )


def _name(dtype: Any) -> str:
    """The name of a number format, such as ``float32``."""
    return str(dtype).removeprefix("torch.")
