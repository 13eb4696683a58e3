"""Orders to a model in texts that it should only read, and texts hidden from the people who read them.

Phrases are looked for in a normalized text (compatibility forms, letters of other alphabets that look Latin, unseen
characters and punctuation removed, lowercase), because that is what a disguise changes (Greshake et al. 2023, arXiv
2302.12173; OWASP LLM01). Marks of chat templates are looked for as they are written: tokenizers read them as turns.
"""

from functools import cache
from pathlib import Path

import polars as pl

from tunewright.text.encoding_damage import not_ascii

#: Control marks of the chat templates of ChatML, Llama 2 and 3, Mistral, Gemma, Phi, Zephyr, Alpaca and GPT-2's end.
MARKUP = (
    r"(?i)<\|(?:im_start|im_end|im_sep|endoftext|end_of_text|begin_of_text|eot_id|eom_id|start_header_id|end_header_id"
    r"|system|user|assistant|end|endofprompt|python_tag|fim_(?:prefix|middle|suffix))\|>|<</?SYS>>|\[/?INST\]"
    r"|<(?:start|end)_of_turn>|\[/?SYSTEM_PROMPT\]|###\s*(?:Instruction|System|Assistant|Response)\s*:"
)
UNSEEN = (
    r"[\x00-\x08\x0B\x0C\x0E-\x1F\u{AD}\u{180E}\u{200B}-\u{200F}\u{202A}-\u{202E}\u{2060}-\u{2069}\u{FEFF}"
    r"\u{FE00}-\u{FE0F}\u{E0000}-\u{E01EF}]"
)
#: Letters that look like Latin ones, after lowercasing.
LOOK_ALIKE = dict(zip("аеорсухіјѕԁһӏԛԝвкмнтɡαεορνικτυχı", "aeopcyxijsdhlqwbkmhtgaeopviktuxi", strict=True))
#: Tag characters and variation selectors in a row spell ASCII unseen (Goodside 2024; Butler 2025); flags are shorter.
SPELLED = r"[\u{E0020}-\u{E007E}]{8,}|[\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]{8,}"
#: Zero-width characters in a row beyond what typing leaves: bits of a message.
BITS = r"[\u{200B}-\u{200F}\u{2060}-\u{2064}\u{FEFF}]{16,}"
#: HTML that is not shown.
NOT_SHOWN = (
    r"(?is)<!--.*?-->|<[a-z][^<>]*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0"
    r"|opacity\s*:\s*0[^.\d])[^<>]*>[^<]*"
)
#: Words that speak to a model; a hidden text with one of them is not left over from a mail program.
ADDRESSED = (
    r"\b(?:assistant|language model|llm|ai|chatbot|prompt|instructions?|classif(?:y|ier|ication)|label (?:this|it))\b"
)
#: A word without which no phrase of the list stands in a text.
LIKELY = (
    r"(?i)instruct|prompt|rule|directive|guideline|program|command|anything|everything|above|mode|restrict|bound|limit"
    r"|filter|pretend|act |behave|respond|answer|from now|system|assistant|\bai\b|llm|model|chatbot|training|anweisung"
    r"|vorgabe|regel|befehl|consigne|règle|regle|instruk|instruc|regla|indicacion|jailbr|uncensor|evil|hacked|\bdan\b"
)


@cache
def phrases() -> dict[str, str]:
    """One regular expression over normalized texts for each kind."""
    lines = Path(__file__).with_name("injections.txt").read_text(encoding="utf-8").splitlines()
    kinds: dict[str, list[str]] = {}
    for line in lines:
        if line.strip() and not line.startswith("#"):
            kind, pattern = line.split(" ", 1)
            kinds.setdefault(kind, []).append(pattern)
    return {kind: r"\b(?:" + "|".join(patterns) + r")\b" for kind, patterns in kinds.items()}


def plain(column: str) -> pl.Expr:
    """`column` as phrases are looked for in it."""
    bare = pl.col(column).str.replace_all(UNSEEN, "").str.normalize("NFKC").str.to_lowercase()
    latin = bare.str.replace_many(list(LOOK_ALIKE), list(LOOK_ALIKE.values()))
    # Words of another alphabet are meant so; only those that mix it with Latin letters are disguised.
    mixed = bare.str.contains(r"\p{Latin}") & bare.str.contains(r"[\p{Cyrillic}\p{Greek}\p{Armenian}ıɡ]")
    return (
        pl.when(mixed).then(latin).otherwise(bare).str.replace_all(r"['’]", "").str.replace_all(r"[^\p{L}\p{N}]+", " ")
    )


def injections(texts: pl.DataFrame) -> pl.DataFrame:
    """Texts that give orders to a model.

    Args:
        texts: `row`, `column`, `text`.

    Returns:
        `row`, `column`, `how` (override, persona, system or markup) and `seen`, the first such phrase of each place.
    """
    marks = texts.select("row", "column", how=pl.lit("markup"), seen=pl.col("text").str.extract(f"({MARKUP})"))
    # Most texts hold no word of any phrase; looking for those first is three times as fast.
    likely = texts.filter(pl.col("text").str.contains(LIKELY) | not_ascii("text"))
    normalized = likely.select("row", "column", text=plain("text"))
    orders = [
        normalized.select("row", "column", how=pl.lit(kind), seen=pl.col("text").str.extract(f"({pattern})"))
        for kind, pattern in phrases().items()
    ]
    return pl.concat([marks, *orders]).drop_nulls("seen").unique(["row", "column"], keep="first", maintain_order=True)


def hidden_messages(texts: pl.DataFrame) -> pl.DataFrame:
    """Texts that say something to a machine which nobody sees.

    Args:
        texts: `row`, `column`, `text`.

    Returns:
        `row`, `column`, `how` (spelled, bits or markup) and `seen`: what is said, as far as it can be read.
    """
    beyond = texts.filter(not_ascii("text"))
    run = pl.col("text").str.extract(f"({SPELLED})")
    spelled = beyond.filter(pl.col("text").str.contains(SPELLED)).with_columns(run=run)
    spelled = spelled.with_columns(seen=pl.Series([_read(run) for run in spelled["run"]], dtype=pl.String))
    bits = beyond.filter(pl.col("text").str.contains(BITS)).with_columns(seen=pl.lit("unseen characters in a row"))
    inside = pl.col("text").str.extract_all(NOT_SHOWN).list.join(" ")
    marked = texts.filter(pl.col("text").str.contains("<", literal=True)).with_columns(seen=inside)
    ordering = marked.filter(pl.col("seen").str.to_lowercase().str.contains(ADDRESSED))
    parts = [("spelled", spelled), ("bits", bits), ("markup", ordering)]
    messages = [part.select("row", "column", how=pl.lit(how), seen="seen") for how, part in parts]
    return pl.concat(messages).unique(["row", "column"], keep="first", maintain_order=True)


def _read(run: str) -> str:
    """ASCII that tag characters or variation selectors stand for."""
    codes = [ord(sign) for sign in run]
    letters = [
        code - 0xE0000 if 0xE0000 <= code < 0xE0080 else code - 0xFE00 if code < 0xE0000 else code - 0xE0100 + 16
        for code in codes
    ]
    return "".join(chr(letter) if 32 <= letter < 127 else "?" for letter in letters)
