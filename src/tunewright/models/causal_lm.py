"""What a causal language model answers and how well it foretells an answer: one chat at a time, the same bits always.

Chats are not batched together, because a row's sums then depend on its neighbours; several are computed at once, each
on one thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.progress import SILENT, Progress
from tunewright.models.chat import Chat, Message, asked, with_template
from tunewright.models.encoder import attention, one_thread_a_batch, quiet, require_fast


@dataclass
class Generator:
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

    @classmethod
    def load(cls, folder: Path, *, device: str = "auto", loading: Mapping[str, Any] | None = None) -> "Generator":
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

    def generate(
        self, chats: Sequence[Sequence[Message]], *, max_new_tokens: int = 256, progress: Progress = SILENT
    ) -> list[str]:
        """The greedy answer to each chat, without the token that stopped it."""
        prompts = [asked(self.tokenizer, chat) for chat in chats]
        stops = self.stops()

        def answer(ids: list[int]) -> str:
            return str(self.tokenizer.decode(self._greedy(ids, stops, max_new_tokens), skip_special_tokens=True))

        return self._each(answer, prompts, progress, "Answering")

    def score(self, chats: Sequence[Chat], *, progress: Progress = SILENT) -> npt.NDArray[np.float64]:
        """Negative log-likelihood of each chat's trained tokens, in nats per token; NaN where there is none."""
        return self.foretell(chats, progress=progress)[0]

    def foretell(
        self, chats: Sequence[Chat], *, progress: Progress = SILENT
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """:meth:`score`, and whether greedy writing would give the trained tokens of each chat, all of them.

        It would exactly when each trained token is the likeliest one after those before it, so one pass tells both.
        """
        done = self._each(self._foretold, chats, progress, "Scoring answers")
        return np.array([nats for nats, _ in done], dtype=np.float64), np.array(
            [exact for _, exact in done], dtype=bool
        )

    def stops(self) -> set[int]:
        """Token ids that end an answer: the end tokens, and the one this template puts after an answer."""
        from tunewright.models.chat import answered, messages_of

        configured = self.model.generation_config.eos_token_id
        known = configured if isinstance(configured, list) else [configured]
        chat = answered(self.tokenizer, messages_of("a", "b"))
        last = max(at for at, trained in enumerate(chat.trained) if trained)
        return {one for one in (*known, self.tokenizer.eos_token_id, chat.ids[last]) if one is not None}

    def _each(self, work: Any, items: Sequence[Any], progress: Progress, what: str) -> list[Any]:
        done = []
        progress.start(what, len(items), "rows")
        try:
            with one_thread_a_batch(self.device) as pool:
                for one in pool(work, items):
                    done.append(one)
                    progress.advance()
        finally:
            progress.finish()
        return done

    def _greedy(self, ids: list[int], stops: set[int], limit: int) -> list[int]:
        import torch

        room = getattr(self.model.config, "max_position_embeddings", len(ids) + limit) - len(ids)
        said: list[int] = []
        step, cache = torch.tensor([ids], device=self.device), None
        with torch.inference_mode():
            for _ in range(min(limit, room)):
                out = self.model(input_ids=step, past_key_values=cache, use_cache=True)
                cache, best = out.past_key_values, int(out.logits[0, -1].argmax())
                if best in stops:
                    break
                said.append(best)
                step = torch.tensor([[best]], device=self.device)
        return said

    def _foretold(self, chat: Chat) -> tuple[float, bool]:
        import torch

        ids = torch.tensor([chat.ids], device=self.device)
        # The token at place i is foretold by the logits at place i - 1.
        places = [at for at, trained in enumerate(chat.trained) if trained and at > 0]
        if not places:
            return float("nan"), False
        with torch.inference_mode():
            logits = self.model(input_ids=ids, use_cache=False).logits[0, [at - 1 for at in places]].float()
            nats = torch.nn.functional.cross_entropy(logits, ids[0, places]).double()
            return float(nats), bool((logits.argmax(-1) == ids[0, places]).all())
