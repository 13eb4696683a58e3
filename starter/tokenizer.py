"""The starter's tokenizer: a byte-level BPE of 8,192 tokens with the tokens of a chat, and the template for one.

    python -m starter.tokenizer --corpus FOLDER --out FOLDER [--out FOLDER …]

Digits stand alone, so a number is read the same wherever it stands (Singh and Strouse 2024, arXiv 2402.14903), and
every byte is a token, so any text survives. The role tokens are single and border on the text, so a text has the
same ids alone as inside a chat.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from starter import corpus
from starter.instructions import chats

VOCABULARY = 8192
PAD, BEGIN, END = "<|pad|>", "<|begin|>", "<|end|>"
ROLES = ("system", "user", "assistant")
#: Ten are kept free, for roles that a fine-tune may add without resizing the embedding.
SPECIAL = (PAD, BEGIN, END, *(f"<|{role}|>" for role in ROLES), *(f"<|reserved_{at}|>" for at in range(10)))
PAD_ID, BEGIN_ID, END_ID = 0, 1, 2
POSITIONS = 1024

#: Contractions, words with the space before them, single digits, signs, line ends, other space (after Llama 3's).
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    "{{ '<|assistant|>' }}{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}"
    "{% elif message['role'] in ['system', 'user'] %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}"
    "{% else %}{{ raise_exception('Only system, user and assistant speak here, not ' + message['role'] + '.') }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def train(texts: Iterable[str], vocabulary: int = VOCABULARY) -> Any:
    """A `tokenizers.Tokenizer` trained on `texts`."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=24,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BEGIN} $A", special_tokens=[(BEGIN, BEGIN_ID)])
    return tokenizer


def save(tokenizer: Any, folder: Path) -> None:
    """Write the three files that plain ``AutoTokenizer.from_pretrained(folder)`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BEGIN,
        "eos_token": END,
        "pad_token": PAD,
        "model_max_length": POSITIONS,
        "padding_side": "left",
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")


def load(folder: Path) -> Any:
    """The bare `tokenizers.Tokenizer` in `folder`, which needs no transformers to start."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def rendered(chat: Iterable[tuple[str, str]]) -> str:
    """A chat as `TEMPLATE` shows it, without jinja: hundreds of thousands are rendered."""
    return BEGIN + "".join(f"<|{role}|>{content}{END}" for role, content in chat)


def sample(folder: Path, *, seed: int, books: int = 20_000_000, generated: int = 20_000) -> Iterator[str]:
    """Training text for the tokenizer: a share of the books, the other domains whole, generated chats."""
    for domain in corpus.DOMAINS:
        found = [document.text for document in corpus.documents(domain, folder) if not document.held_out]
        limit = books // len(found) if domain == "books" else None
        for text in found:
            yield text[:limit]
    for chat in chats(seed, generated):
        for _, content in chat:
            yield content


def main() -> None:
    """Train on the corpus and write into each folder given."""
    parser = argparse.ArgumentParser(description="Train the starter's tokenizer.")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, action="append", required=True)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    tokenizer = train(sample(given.corpus, seed=given.seed))
    for folder in given.out:
        save(tokenizer, folder)


if __name__ == "__main__":
    main()
