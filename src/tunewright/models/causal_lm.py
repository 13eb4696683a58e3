"""What a causal language model answers and how likely an answer is to it: one chat at a time, the same bits always.

Chats are not batched together, because a row's sums then depend on its neighbours; several are computed at once, each
on one thread.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from tunewright.core.progress import SILENT, Progress
from tunewright.models.chat import Chat, Message, answered, asked, messages_of, with_template
from tunewright.models.cpu import fast_fp32, threads
from tunewright.models.encoder import attention, fitting, one_thread_a_batch, quiet, require_fast, token_ids
from tunewright.models.engine import (
    AnswerScore,
    CancelToken,
    Capability,
    Embeddings,
    EngineBase,
    FinishReason,
    GenerateRequest,
    Generation,
    Limits,
    ScoreRequest,
    StreamPiece,
    check,
    unit,
)
from tunewright.models.growing_text import GrowingText

#: No model is asked for more; shorter contexts are read from the model.
LONGEST = 1 << 20


class _Likelihood(NamedTuple):
    """Mean negative log-likelihood of a chat's trained tokens, the logarithm of each, whether all are the likeliest."""

    nats: float
    logprobs: tuple[float, ...]
    greedy: bool


@dataclass
class CausalLM(EngineBase):
    """A loaded causal language model and its tokenizer.

    Attributes:
        model: a transformers causal language model, in fp32 unless it was loaded otherwise.
        tokenizer: its fast tokenizer, with a chat template.
        device: ``cpu`` or ``cuda``.
        template_added: whether the plain template stands in for a missing one.
    """

    model: Any
    tokenizer: Any
    device: str
    template_added: bool

    name = "causal_lm"
    capabilities: ClassVar[frozenset[Capability]] = frozenset({"generate", "stream", "score", "embed"})

    @classmethod
    def load(cls, folder: Path, *, device: str = "auto", loading: Mapping[str, Any] | None = None) -> "CausalLM":
        """The model in `folder`.

        Args:
            folder: weights in safetensors files, configuration and tokenizer.
            device: ``cpu``, ``cuda``, or ``auto`` for a GPU where there is one.
            loading: how transformers is to load the weights other than in fp32, such as quantized; with a
                ``device_map`` they stay where that puts them.

        Raises:
            UserError: E-TRAIN-005 when its tokenizer is not a fast one.
        """
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        with quiet(logging):
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            model = AutoModelForCausalLM.from_pretrained(
                folder,
                trust_remote_code=False,
                use_safetensors=True,
                **{"dtype": torch.float32, "attn_implementation": attention(device), **(loading or {})},
            )
        require_fast(tokenizer, folder)
        added = with_template(tokenizer)
        if "device_map" not in (loading or {}):
            model = model.to(device)
        return cls(model.eval(), tokenizer, device, added)

    @property
    def limits(self) -> Limits:
        """Tokens that the context holds; one call at a time, which uses every core."""
        return Limits(fitting(LONGEST, self.model, self.tokenizer))

    def count_tokens(self, messages: Sequence[Message], answer: str | None = None) -> int:
        """Tokens of the chat in the model's template."""
        if answer is None:
            return len(asked(self.tokenizer, messages))
        return len(self._with_answer(messages, answer).ids)

    def generate(
        self, requests: Sequence[GenerateRequest], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> list[Generation]:
        """The answer to each request, without the token that stopped it."""
        self.require("generate")
        check(cancel)
        stop_ids = self.stop_ids()
        prompts = [asked(self.tokenizer, request.messages) for request in requests]

        def write(pair: tuple[GenerateRequest, list[int]]) -> Generation:
            request, prompt = pair
            text = GrowingText(self.tokenizer, request.stop)
            ids: list[int] = []
            reason: FinishReason = "length"
            for token in self._tokens(request, prompt, stop_ids, cancel):
                if token is None:
                    reason = "stop"
                    break
                ids.append(token)
                if request.stop:
                    text.add(token)
                    if text.stopped:
                        return Generation(text.text, len(prompt), len(ids), "stop")
            whole = str(self.tokenizer.decode(ids, skip_special_tokens=True))
            return Generation(whole, len(prompt), len(ids), reason)

        return self._each(write, list(zip(requests, prompts, strict=True)), progress, "Answering")

    def stream(self, request: GenerateRequest, *, cancel: CancelToken | None = None) -> Iterator[StreamPiece]:
        """The same answer piece by piece."""
        self.require("stream")
        return self._pieces(request, cancel)

    def score(
        self, requests: Sequence[ScoreRequest], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> list[AnswerScore]:
        """How likely each answer is.

        Raises:
            UserError: E-TRAIN-008 when the template does not show an answer as it is.
        """
        self.require("score")
        chats = [self._with_answer(request.messages, request.answer) for request in requests]
        return [
            AnswerScore(row.nats, len(row.logprobs), row.logprobs, row.greedy)
            for row in self._likelihoods(chats, progress, cancel)
        ]

    def embed(
        self, texts: Sequence[str], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> Embeddings:
        """The mean of each text's last hidden states, at length one; texts are cut to the context."""
        self.require("embed")
        check(cancel)
        import torch

        def pooled(ids: list[int]) -> npt.NDArray[np.float32]:
            check(cancel)
            with torch.inference_mode():
                tokens = torch.tensor([ids], device=self.device)
                hidden = self.model.base_model(input_ids=tokens, use_cache=False).last_hidden_state
                return np.asarray(hidden[0].float().mean(0).cpu().numpy())

        rows = self._each(
            pooled, token_ids(self.tokenizer, texts, self.limits.context_tokens), progress, "Reading texts"
        )
        width = int(self.model.config.hidden_size)
        return Embeddings(unit(np.stack(rows) if rows else np.empty((0, width), dtype=np.float32)))

    def close(self) -> None:
        """Let go of the weights."""
        super().close()
        self.model = None

    def mean_nats(self, chats: Sequence[Chat], *, progress: Progress = SILENT) -> npt.NDArray[np.float64]:
        """Negative log-likelihood of each chat's trained tokens, in nats per token; NaN where there is none."""
        return self.score_and_match(chats, progress=progress)[0]

    def score_and_match(
        self, chats: Sequence[Chat], *, progress: Progress = SILENT
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """:meth:`mean_nats`, and whether greedy writing would give the trained tokens of each chat, all of them.

        It would exactly when each trained token is the likeliest one after those before it, so one pass tells both.
        """
        rows = self._likelihoods(chats, progress, None)
        return (
            np.array([row.nats for row in rows], dtype=np.float64),
            np.array([row.greedy for row in rows], dtype=bool),
        )

    def stop_ids(self) -> set[int]:
        """Token ids that end an answer: the end tokens, and the one this template puts after an answer."""
        configured = self.model.generation_config.eos_token_id
        known = configured if isinstance(configured, list) else [configured]
        chat = answered(self.tokenizer, messages_of("a", "b"))
        last = max(place for place, trained in enumerate(chat.trained) if trained)
        return {token for token in (*known, self.tokenizer.eos_token_id, chat.ids[last]) if token is not None}

    def _with_answer(self, messages: Sequence[Message], answer: str) -> Chat:
        """The chat with `answer`, and nothing else, marked as trained."""
        unmarked = [{**message, "weight": 0} for message in messages]
        return answered(self.tokenizer, [*unmarked, {"role": "assistant", "content": answer}])

    def _each(self, work: Any, items: Sequence[Any], progress: Progress, what: str) -> list[Any]:
        """What `work` makes of each item, several at a time, in order."""
        results = []
        progress.start(what, len(items), "rows")
        try:
            with one_thread_a_batch(self.device) as pool:
                for result in pool(work, items):
                    results.append(result)
                    progress.advance()
        finally:
            progress.finish()
        return results

    def _pieces(self, request: GenerateRequest, cancel: CancelToken | None) -> Iterator[StreamPiece]:
        check(cancel)
        prompt = asked(self.tokenizer, request.messages)
        text = GrowingText(self.tokenizer, request.stop)
        reason: FinishReason = "length"
        # The caller's own work goes on between two tokens, so PyTorch's settings are changed for each alone.
        for token in self._tokens(request, prompt, self.stop_ids(), cancel, around_step=_alone):
            if token is None:
                reason = "stop"
                break
            piece = text.add(token)
            if text.stopped:
                whole = Generation(text.text, len(prompt), text.tokens, "stop")
                yield StreamPiece(piece, whole)
                return
            if piece:
                yield StreamPiece(piece)
        yield StreamPiece(text.rest(), Generation(text.text, len(prompt), text.tokens, reason))

    def _tokens(
        self,
        request: GenerateRequest,
        prompt: list[int],
        stop_ids: set[int],
        cancel: CancelToken | None,
        *,
        around_step: Any = nullcontext,
    ) -> Iterator[int | None]:
        """Each token of the answer, and None where one of `stop_ids` ends it; the end of the context just ends it."""
        import torch

        room = getattr(self.model.config, "max_position_embeddings", len(prompt) + request.max_tokens) - len(prompt)
        chooser = torch.Generator().manual_seed(request.seed)
        step, cache = torch.tensor([prompt], device=self.device), None
        for _ in range(min(request.max_tokens, room)):
            check(cancel)
            with around_step(), torch.inference_mode():
                out = self.model(input_ids=step, past_key_values=cache, use_cache=True)
                cache, token = out.past_key_values, _chosen(out.logits[0, -1], request.temperature, chooser)
            if token in stop_ids:
                yield None
                return
            yield token
            step = torch.tensor([[token]], device=self.device)

    def _likelihoods(self, chats: Sequence[Chat], progress: Progress, cancel: CancelToken | None) -> list[_Likelihood]:
        check(cancel)

        def likelihood(chat: Chat) -> _Likelihood:
            check(cancel)
            return self._likelihood(chat)

        return self._each(likelihood, chats, progress, "Scoring answers")

    def _likelihood(self, chat: Chat) -> _Likelihood:
        import torch

        ids = torch.tensor([chat.ids], device=self.device)
        # The token at place i is predicted by the logits at place i - 1.
        places = [place for place, trained in enumerate(chat.trained) if trained and place > 0]
        if not places:
            return _Likelihood(float("nan"), (), greedy=False)
        with torch.inference_mode():
            logits = self.model(input_ids=ids, use_cache=False).logits[0, [place - 1 for place in places]].float()
            targets = ids[0, places]
            # The two halves of torch's cross_entropy, so that the mean has its very bits.
            logprobs = torch.nn.functional.log_softmax(logits, dim=-1)
            nats = torch.nn.functional.nll_loss(logprobs, targets).double()
            each = logprobs.gather(-1, targets[:, None])[:, 0].double().tolist()
            return _Likelihood(float(nats), tuple(each), bool((logits.argmax(-1) == targets).all()))


def _chosen(logits: Any, temperature: float, chooser: Any) -> int:
    """The likeliest token, or above a temperature of 0 one drawn by its likelihood."""
    import torch

    if temperature == 0:
        return int(logits.argmax())
    # In float64 on the CPU, so that the same seed draws the same token on every device.
    scaled = logits.double().cpu() / temperature
    return int(torch.multinomial(torch.softmax(scaled, dim=-1), 1, generator=chooser))


@contextmanager
def _alone() -> Iterator[None]:
    """One thread inside an operation and the fastest fp32, as where several chats are computed at once."""
    with fast_fp32(), threads(1):
        yield
