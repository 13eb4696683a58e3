"""Quoted replies, signatures and disclaimers below a message: whose words they are not, or not about this ticket.

A model that learns from them learns the desk's own old answers as the customer's words, and near-duplicate checks see
the same disclaimer everywhere (docs: strip before comparing). Cut are: lines marked ">" below a reply header, or two
and more of them in a row; everything from a forwarding header on; the signature below "-- " (RFC 3676, section 4.3)
if it is short; lines of mail programs ("Sent from my…"); confidentiality notices at the end. A greeting with a name
stays: it is style.
"""

import polars as pl

#: How mail programs introduce what they quote, in the languages that they speak most.
INTRODUCTIONS = (
    ("On", "wrote"), ("Am", "schrieb"), ("Le", "a écrit"), ("El", "escribió"), ("Il", "ha scritto"), ("Op", "schreef")
)  # fmt: skip
HEADER = (
    "(?:" + "|".join(rf"{on}\b[^\n]{{6,140}}\b{wrote}\b[^\n:]{{0,80}}" for on, wrote in INTRODUCTIONS) + r"):[ \t]*"
)
#: Without marked lines below, a header counts only with a year, a time or an address: "On Monday you wrote:" is speech.
DATED = (
    "(?:"
    + "|".join(
        rf"{on}\b[^\n]{{0,100}}(?:\d{{4}}|\d:\d\d|@)[^\n]{{0,100}}\b{wrote}\b[^\n:]{{0,80}}"
        for on, wrote in INTRODUCTIONS
    )
    + r"):[ \t]*"
)
FORWARDED = (
    r"-{2,}[ \t]?(?:Original Message|Forwarded [Mm]essage|Ursprüngliche Nachricht|Weitergeleitete Nachricht"
    r"|Message d.origine|Message transféré|Mensaje original|Messaggio originale)[ \t]?-{2,}"
    r"|(?:From|Von|De|Da): [^\n]{3,120}\n(?:Sent|Date|To|Gesendet|Datum|An|Envoyé|À|Enviado|Para|Inviato): "
)
QUOTED = r">[^\n]*"
#: A header with the marked lines below it; two or more marked lines in a row; a header with everything below it.
REPLIES = (
    rf"(?m)^{HEADER}\n(?:\s*\n)?{QUOTED}(?:\n{QUOTED})*$",
    r"(?m)^(?:> ?[^\n]*\n)+>[^\n]*$",
    rf"(?ms)^{DATED}$.*\z",
    rf"(?ms)^(?:{FORWARDED}).*\z",
)
DEVICE = (
    r"(?:Sent from (?:my|Mail|Outlook|Yahoo)|Get Outlook for|Sent via|Von meinem [^\n]{3,30} gesendet|Gesendet mit der"
    r"|Envoyé de mon|Enviado desde mi|Inviato da)[^\n]{0,60}"
)
NOTICE = (
    r"(?:(?i:this (?:e-?mail|message)(?: and any (?:attachments?|files)[^\n.]{0,40})? (?:is|are|may)\b[^\n]{0,60}"
    r"(?:confidential|privileged|intended)|confidentiality notice|diese e-?mail enthält vertrauliche)).*"
)
SIGNATURES = (
    r"(?ms)^-- ?\n.{0,400}\z",
    rf"(?m)^{DEVICE}\s*\z",
    rf"(?ms)^{NOTICE}\z",
)
HINTS = (
    "\n>", "wrote:", "wrote :", "schrieb", "écrit", "escribió", "ha scritto", "schreef", "\n--", "From: ", "Von: ",
    "De: ", "Da: ", "Sent ", "Get Outlook",
    "Von meinem", "Gesendet mit", "Envoyé", "Enviado", "Inviato", "onfidential", "CONFIDENTIAL",
    "vertrauliche", "intended", "privileged",
)  # fmt: skip
#: Rounds in which one cut can lay another open (a signature above a quote, above a notice).
ROUNDS = 6


def has_lines(column: str) -> pl.Expr:
    """Texts of more than one line: in one line nothing is cut."""
    return pl.col(column).str.contains("\n", literal=True)


def may_be_quoting(column: str) -> pl.Expr:
    """Texts with a word or sign without which nothing is cut."""
    return pl.col(column).str.contains_any(list(HINTS))


def without_replies(texts: pl.Series) -> pl.Series:
    """Each text without what it quotes or forwards."""
    return _cut(texts, REPLIES)


def without_signatures(texts: pl.Series) -> pl.Series:
    """Each text without signatures, mail programs' lines and confidentiality notices."""
    return _cut(texts, SIGNATURES)


def own_words(texts: pl.Series) -> pl.Series:
    """Each text without either."""
    mended = texts
    for _ in range(ROUNDS):
        again = without_signatures(without_replies(mended))
        if again.equals(mended):
            break
        mended = again
    return mended


def _cut(texts: pl.Series, patterns: tuple[str, ...]) -> pl.Series:
    """What is left after every pattern, or the text itself where nothing would be left."""
    lines = texts.str.replace_all("\r\n", "\n", literal=True)
    left = lines
    for pattern in patterns:
        left = left.str.replace_all(pattern, "")
    left = left.str.replace_all(r"\n{3,}", "\n\n").str.strip_chars()
    changed = left != lines.str.replace_all(r"\n{3,}", "\n\n").str.strip_chars()
    return left.zip_with(changed & (left.str.len_chars() > 0), texts)
