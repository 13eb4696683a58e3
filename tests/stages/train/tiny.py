"""Tiny random models and the corpora they are trained on."""

import random
from pathlib import Path
from typing import Any

import polars as pl

from tunewright.core.candidate import Plan
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset, Task
from tunewright.core.digest import frame_digest
from tunewright.core.progress import Silent
from tunewright.models.classifier import HEAD_FILE, ClassifierFile

WORDS = {
    "card": ["lost", "card", "stolen", "wallet", "blocked"],
    "transfer": ["send", "money", "iban", "wire", "late"],
    "login": ["password", "app", "locked", "login", "code"],
}
FILLER = ["please", "help", "my", "the", "today", "again", "bank", "since", "monday", "hello"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHATML = (
    "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def write_encoder(folder: Path) -> Path:
    """A random BERT of a few thousand parameters that knows the words above."""
    from tokenizers import models

    words = [*SPECIAL, *FILLER, *(word for words in WORDS.values() for word in words)]
    return save_bert(
        folder, models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"), len(words)
    )


def write_classifier(encoder: Path, folder: Path, labels: str = "abcde") -> Path:
    """The encoder with a random head for one-letter labels."""
    import torch
    from safetensors.torch import save_file

    for path in encoder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    draw = torch.Generator().manual_seed(1)
    head = {"weight": torch.randn(len(labels), 32, generator=draw), "bias": torch.randn(len(labels), generator=draw)}
    save_file(head, folder / HEAD_FILE)
    about = ClassifierFile(labels=tuple(labels), max_tokens=64)
    (folder / ClassifierFile.NAME).write_text(about.model_dump_json())
    return folder


def save_bert(folder: Path, vocabulary: Any, size: int) -> Path:
    """A random BERT over a tokenizer model of `size` pieces, of which [CLS] is the third and [SEP] the fourth."""
    import torch
    from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(vocabulary)
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def byte_tokenizer(template: str | None, **special: str):
    """A tokenizer of single bytes with a few special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: at for at, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **special)
    made.chat_template = template
    return made


#: What each shape of causal model has that the others have not.
SHAPES: dict[str, dict[str, Any]] = {
    "Llama": {},
    "Qwen2": {"tie_word_embeddings": True, "use_sliding_window": False},
    "Qwen3": {"head_dim": 16, "tie_word_embeddings": False},
    "Mistral": {"head_dim": 8, "sliding_window": 24},
}


def write_llama(folder: Path) -> Path:
    """A random Llama of a few thousand parameters over bytes, with a chat template that marks nothing."""
    return write_causal(folder, "Llama")


def write_causal(folder: Path, shape: str) -> Path:
    """A random model of a shape that transformers knows, as a Hugging Face directory."""
    import torch
    import transformers

    tokenizer = byte_tokenizer(CHATML, eos_token="<|end|>", pad_token="<|end|>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = getattr(transformers, f"{shape}Config")(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        **SHAPES[shape],
    )
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def probes_of(folder: Path, count: int = 4) -> Any:
    """A few chats as a merge is measured on."""
    import numpy as np
    from transformers import AutoTokenizer

    from tunewright.models.chat import answered, messages_of
    from tunewright.stages.train.data.chats import Chats

    tokenizer = AutoTokenizer.from_pretrained(folder)
    chats = [answered(tokenizer, messages_of(f"{at} plus 1?", str(at + 1))) for at in range(count)]
    return Chats(chats, np.ones(count, dtype=np.float32))


def labelled_corpus(rows: int = 240, seed: int = 0) -> Corpus:
    """Texts of a class's own words among filler, most of them for training."""
    rng = random.Random(seed)
    labels = [rng.choice(sorted(WORDS)) for _ in range(rows)]
    texts = [" ".join(rng.choices(WORDS[label], k=2) + rng.choices(FILLER, k=rng.randint(1, 12))) for label in labels]
    return corpus_of({"prompt": texts, "label": labels}, "classify")


def answered_corpus(rows: int = 40) -> Corpus:
    """Sums with their results."""
    pairs = [(f"{at % 7} plus {at % 5}?", str(at % 7 + at % 5)) for at in range(rows)]
    return corpus_of({"prompt": [p for p, _ in pairs], "answer": [a for _, a in pairs]}, "reply")


def corpus_of(columns: dict[str, list[str]], task: Task) -> Corpus:
    """A corpus whose every sixth row is for validation and every seventh for the test."""
    rows = len(columns["prompt"])
    sides = ["validation" if at % 6 == 5 else "test" if at % 7 == 6 else "train" for at in range(rows)]
    frame = pl.DataFrame(
        {
            "row": range(rows),
            "answer": [None] * rows,
            "label": [None] * rows,
            "messages": [None] * rows,
            "weight": [1.0] * rows,
            "split": sides,
            **columns,
        },
        schema_overrides={"row": pl.Int64, "answer": pl.String, "label": pl.String},
    )
    dataset = Dataset(table="tiny", version=None, rows=rows, task=task, root=frame_digest(frame.drop("messages")))
    return Corpus(dataset, frame.lazy())


def plan_for(corpus: Corpus, base: Path, options: dict[str, Any], *, method: str = "encoder", seed: int = 0) -> Plan:
    """The plan to train `base` on `corpus` with some options of `method`."""
    from tunewright.models.files import find_model
    from tunewright.stages.train.plugins import METHODS

    labels = corpus.column("label").drop_nulls().unique().sort()
    return Plan(
        task=corpus.dataset.task,
        method=method,
        options=METHODS.options(method).model_validate(options).model_dump(),
        base=str(base),
        base_digest=find_model(str(base)).digest_of_weights,
        labels=tuple(labels),
        dataset=corpus.dataset.digest,
        seed=seed,
    )


class Listener(Silent):
    """Progress that remembers."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.said: list[str] = []
        self.what = ""
        self.done = 0.0

    def start(self, what: str, total: float | None, unit: str) -> None:
        """Remember the name and count from nought."""
        self.started.append(what)
        self.what, self.done = what, 0

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Count."""
        self.done += amount

    def say(self, line: str) -> None:
        """Remember."""
        self.said.append(line)


class Crashing(Listener):
    """Progress in which training breaks off after a step, as by a crash: no last checkpoint, no word of farewell."""

    class Crash(RuntimeError):
        """What it breaks off with."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Count, and break off."""
        super().advance(amount, note)
        if self.what == "Training" and self.done == self.step:
            raise self.Crash
