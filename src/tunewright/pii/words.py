"""Identifiers known by the words and signs in them: e-mail and web addresses, keys and passwords, birthdays, streets."""

# ruff: noqa: E501 -- a pattern is read whole or not at all

import polars as pl

from tunewright.pii.cut import cut

_LOCAL = r"[^\s@<>()\"',;:\[\]{}|\\/=]+"
EMAIL = rf"{_LOCAL}(?:'{_LOCAL})*@(?:[\p{{L}}0-9\-]+\.)+[A-Za-z]{{2,24}}"
URL = r"(?i)(?:https?|ftp|wss?)://[^\s<>\"'|\\^`{}\[\]]+[^\s<>\"'|\\^`{}\[\].,;:!?)]|(?-u:\b)www\.[a-z0-9\-]+(?:\.[a-z0-9\-]+)+(?:/[^\s<>\"']*[a-z0-9/])?"
#: Formats that the issuers document; the prefixes are theirs.
KEY = (
    r"(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}"
    r"|glpat-[A-Za-z0-9_\-]{20,}|xox[abprs]-[A-Za-z0-9\-]{10,}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}"
    r"|sk-[A-Za-z0-9_\-]{20,}|AIza[A-Za-z0-9_\-]{35}|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}"
    r"|eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]{0,8000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
#: What a person calls a secret, an "is" or a sign, and the secret; prose such as "my password is wrong" has no digit.
ASSIGNED = (
    r"(?i)((?:password|passwort|passwd|pwd|passphrase|passcode|mot de passe|contraseña|api[ _\-]?key|secret(?:[ _\-]?key)?"
    r"|access[ _\-]?(?:key|token)|auth(?:orization)?[ _\-]?token|bearer|token|client[ _\-]?secret)[\"']?"
    r"(?:\s+(?:is|was|ist|es|est)(?:\s*:)?\s+|\s*[:=]+\s*|\s+(?:bearer\s+)?)[\"'`]?)([^\s\"'`,;<>]{6,128})"
)
PIN = r"(?i)((?-u:\b)(?:pin|cvv|cvc|cvv2|security code)(?: (?:code|number|no))?\s*(?:is|was|:|=)\s*)([0-9]{3,6})((?-u:\b))"

MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|"
    r"october|november|december|januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|"
    r"juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|"
    r"octubre|noviembre|diciembre|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre)"
)
DATE = (
    r"[0-9]{4}[\-/.][0-9]{1,2}[\-/.][0-9]{1,2}|[0-9]{1,2}[\-/. ]{1,2}[0-9]{1,2}[\-/. ]{1,2}(?:[0-9]{4}|[0-9]{2})"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th|\.|er)?[ \-](?:of |de )?{MONTH}\.?,?[ \-](?:de )?[0-9]{{2,4}}"
    rf"|{MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}"
)
BIRTH = (
    r"(?i)((?-u:\b)(?:born|birthday|birthdate|birth date|date of birth|dob|d\.o\.b|geboren|geburtsdatum|geb|née?"
    r"|né\(e\)|date de naissance|naissance|nacid[oa]|nacimiento|nat[oa]|data di nascita|nascita)(?-u:\b)"
    r"[^0-9\n.]{0,24}?(?:\.\s*:?\s*)?)(" + DATE + r")((?-u:\b))"
)

_CAP = r"(?:[A-ZÀ-Þ][\p{L}'’.\-]*|[0-9]{1,3}(?:st|nd|rd|th))"
_HOUSE = r"(?:No\.? ?)?[0-9]{1,5}[A-Za-z]?(?:[ \-/][0-9A-Za-z]{1,4})?"
#: What an English street's name ends in.
KIND = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way|"
    r"Circle|Cir|Close|Crescent|Cres|Highway|Hwy|Parkway|Pkwy|Trail|Trl|Alley|Loop|Row|Gardens|Grove|Mews|Hill|Quay|"
    r"Plaza|Walk|Turnpike|Pike)"
)
_UNIT = r"(?:,?\s(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|#)\.? ?[0-9A-Za-z]{1,6}(?-u:\b))?"
_SMALL = r"(?:de|du|des|la|le|les|l'|del|della|dei|di|d'|el|los|las|da|do|dos|van|von|der|den|zum|zur|am|an|im)"
STREETS = (
    rf"(?-u:\b){_HOUSE},? (?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?(?:{_CAP} ){{1,4}}{KIND}(?-u:\b)\.?{_UNIT}",
    r"(?-u:\b)[A-ZÀ-Þ][\p{L}\-]*(?:straße|strasse|str\.|weg|platz|gasse|allee|damm|ufer|ring|straat|laan|plein|gatan|vägen|vej|veien|gata|katu)"
    r" [0-9]{1,4}(?: ?[a-zA-Z])?(?-u:\b)",
    rf"(?:[0-9]{{1,4}}(?: ?(?:bis|ter))?,? )?(?-u:\b)(?:rue|Rue|avenue|boulevard|Boulevard|place|impasse|chemin|quai|allée) (?:{_SMALL} ?)*"
    rf"{_CAP}(?:[ \-](?:{_SMALL} ?)*{_CAP}){{0,3}}(?:,? [0-9]{{1,4}})?",
    rf"(?-u:\b)(?:[Cc]alle|[Aa]venida|Av\.|[Pp]laza|[Pp]aseo|Via|[Vv]iale|Corso|Piazza|Largo|Rua|Avenida) (?:{_SMALL} ?)*"
    rf"{_CAP}(?: (?:{_SMALL} ?)*{_CAP}){{0,3}},? (?:n\.?º? ?)?[0-9]{{1,4}}(?-u:\b)",
    r"(?i)(?-u:\b)P\.? ?O\.? Box [0-9]{1,6}(?-u:\b)",
    # A crossing has no house number.
    rf"(?i:(?-u:\b)corner of )(?:[0-9]{{1,5}} )?(?:(?:{_CAP}|{_SMALL}) ){{1,5}}(?:[0-9]{{1,5}} )?(?:and|&|at) (?:{_CAP} ?){{1,3}}(?-u:\b)",
    # Military mail (USPS Publication 28, section 225): unit and box, or ship, then APO, FPO or DPO.
    r"(?-u:\b)(?:(?:PSC|CMR|Unit|UNIT) [0-9]{1,5},? Box [0-9]{1,5}|US[NC][SG]?C?S? [A-Z][a-z]+)[,\s]{1,3}[AFD]PO,? A[AEP] [0-9]{5}(?:-[0-9]{4})?",
)  # fmt: skip
#: Texts that may hold a street match one of these; apart, each is searched for by the letters that it begins with.
STREET_WORDS = (
    r"(?:straße|strasse|str\.|weg|platz|gasse|allee|damm|ufer|ring|straat|laan|plein|gatan|vägen|vej|veien|gata|katu) [0-9]",
    r"(?:[Rr]ue|venue|oulevard|lace|mpasse|hemin|quai|llée|alle|enida|Av\.|laza|aseo|Via|iale|Corso|iazza|Largo|Rua) ",
    rf"[0-9][A-Za-z]?,? (?:[NSEW]{{1,2}}\.? )?(?:{_CAP} ){{1,5}}{KIND}(?-u:\b)",
    r"(?i:box [0-9]|corner of )",
    r"[AFD]PO,? A[AEP] [0-9]",
)  # fmt: skip


def word_spans(texts: pl.DataFrame, types: frozenset[str]) -> pl.DataFrame:
    """`item`, `start`, `end`, `type`, `score` of identifiers of `types` in `texts` (`item`, `text`)."""
    frames = []
    if "email" in types:
        signed = _holding(texts, "@")
        spans = cut(signed, EMAIL)
        frames.append(_typed(spans, "email", 0.99))
    if "url" in types:
        frames.append(_typed(cut(texts.filter(pl.col("text").str.contains(r"(?i)://|www\.")), URL), "url", 0.9))
    if types & {"secret", "date_of_birth"}:
        likely = _with_any(texts, [*SECRET_STEMS, *KEY_STEMS, *PIN_STEMS, *BIRTH_STEMS], any_case=True)
    if "secret" in types:
        frames += _secrets(likely)
    if "date_of_birth" in types:
        spans = cut(_with_any(likely, BIRTH_STEMS, any_case=True), BIRTH, lead="${1}", value="${2}", trail="${3}")
        frames.append(_typed(spans, "date_of_birth", 0.9))
    if "street_address" in types:
        some = texts.filter(pl.any_horizontal(pl.col("text").str.contains(words) for words in STREET_WORDS))
        frames += [_typed(cut(some, street), "street_address", 0.85) for street in STREETS]
    return pl.concat(frames or [_typed(_empty(), "", 0.0)])


# Stems are matched without regard to the case of ASCII letters only, so others stand in both.
BIRTH_STEMS = ["NÉ ", "NÉE ", "NÉ(E)", "né(e)", "born", "birth", "dob", "d.o.b", "gebor", "geburt", "geb.", "naissance", "né ", "née ", "nacid", "nacim",
               "nato ", "nata ", "nascita"]  # fmt: skip
SECRET_STEMS = ["passw", "pwd", "passphrase", "passcode", "mot de passe", "contraseña", "CONTRASEÑA", "api key", "api_key", "api-key",
                "apikey", "secret", "access key", "access_key", "access-key", "token", "bearer"]  # fmt: skip
PIN_STEMS = ["pin", "cvv", "cvc", "security code"]
KEY_STEMS = ["AKIA", "ASIA", "AIDA", "AROA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "_live_", "_test_", "sk-", "AIza", "hf_", "npm_",
             "SG.", "eyJ", "-----BEGIN"]  # fmt: skip


def _secrets(texts: pl.DataFrame) -> list[pl.DataFrame]:
    keys = cut(
        _with_any(texts, KEY_STEMS),
        r"((?:^|[^A-Za-z0-9_]))(" + KEY + ")",
        lead="${1}",
        value="${2}",
    )
    named = _with_any(texts, SECRET_STEMS, any_case=True)
    assigned = (
        cut(named, ASSIGNED, lead="${1}", value="${2}")
        .with_columns(inner=pl.col("match").str.strip_chars_end(".!?)]}"))
        .with_columns(end=pl.col("start") + pl.col("inner").str.len_chars())
    )
    introduced = pl.col("before").str.contains(r"(?:[:=]|\s(?:is|was|ist|es|est):?)\s*[\"'`]?$")
    letters, digits = pl.col("inner").str.count_matches(r"\p{L}"), pl.col("inner").str.count_matches("[0-9]")
    signs = pl.col("inner").str.count_matches(r"[^\p{L}0-9.\-/]")
    mixed = (letters >= 2) & (digits >= 1) | (letters >= 4) & (signs >= 1) | (digits >= 6)
    varied = pl.col("inner").str.split("").list.n_unique() >= 5
    length = pl.col("inner").str.len_chars()
    # Without "is" or a sign between, only what looks drawn at random counts: "token 3f9a0c..." but not "key 2nd-floor".
    random = (length >= 16) & (digits >= 3) & (letters >= 3)
    strong = (
        (introduced & mixed | random)
        & varied
        & ~pl.col("inner").str.contains(r"(?i)^(?:https?:|www\.|\[|<|\{|\*)|@.*\.|^[0-9]{1,2}[./:-]")
    )
    pins = cut(_with_any(texts, PIN_STEMS, any_case=True), PIN, lead="${1}", value="${2}", trail="${3}")
    return [_typed(keys, "secret", 0.98), _typed(assigned.filter(strong), "secret", 0.85), _typed(pins, "secret", 0.85)]


def _with_any(texts: pl.DataFrame, stems: list[str], *, any_case: bool = False) -> pl.DataFrame:
    """Rows of `texts` that hold one of `stems`: one pass for all of them, before any pattern is tried."""
    return texts.filter(pl.col("text").str.contains_any(stems, ascii_case_insensitive=any_case))


def _holding(texts: pl.DataFrame, sign: str) -> pl.DataFrame:
    return texts.filter(pl.col("text").str.contains(sign, literal=True))


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={"item": pl.Int64, "start": pl.Int64, "end": pl.Int64})


def _typed(spans: pl.DataFrame, kind: str, score: float) -> pl.DataFrame:
    return spans.select(
        pl.col("item").cast(pl.Int64), "start", "end", type=pl.lit(kind), score=pl.lit(score, pl.Float64)
    )
