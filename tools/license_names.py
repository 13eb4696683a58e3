"""The license of an installed distribution as an SPDX expression, and which ones Tunewright may depend on.

Asked in this order: the expression of PEP 639, the ``License`` field, the text of the license files, the classifiers. A
classifier such as "BSD License" names a family and not a license, so it comes last.
"""

import re
from importlib.metadata import Distribution
from pathlib import Path

#: What Tunewright may depend on, by SPDX identifier (spdx.org/licenses); who uses the program has to keep notices.
PERMISSIVE = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC", "MIT",
        "MIT-0", "MIT-CMU", "PSF-2.0", "Python-2.0", "TCL", "Unlicense", "Zlib", "LLVM-exception",
    }
)  # fmt: skip
#: Copyleft that ends at the library's own files, which are imported as they are and never changed or shipped.
WEAK_COPYLEFT = frozenset({"MPL-2.0", "LGPL-3.0-only"})
ALLOWED = PERMISSIVE | WEAK_COPYLEFT

#: How authors write a license in the free field and in classifiers.
SPELLINGS = {
    "apache": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache-2": "Apache-2.0", "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0", "apache 2.0 license": "Apache-2.0", "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0", "apache software license 2.0": "Apache-2.0",
    "mit license": "MIT", "mit": "MIT", "isc license": "ISC", "isc license (iscl)": "ISC",
    "bsd 2-clause license": "BSD-2-Clause", "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "psfl": "PSF-2.0", "python software foundation license": "PSF-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0", "mpl 2.0": "MPL-2.0",
    "the unlicense (unlicense)": "Unlicense", "mpl-2.0 and mit": "MPL-2.0 AND MIT",
}  # fmt: skip
#: Sentences that only one license holds; all of them have to be in the text, white space aside.
TEXTS = (
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("MIT", ("permission is hereby granted, free of charge", "the software is provided \"as is\"")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "endorse or promote products")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
    ("ISC", ("permission to use, copy, modify, and/or distribute this software for any purpose with or without fee",)),
    ("MPL-2.0", ("mozilla public license version 2.0",)),
)  # fmt: skip
FILES = re.compile(r"(?:^|/)(?:licen[sc]e|copying)[^/]*$", re.IGNORECASE)
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


def license_of(package: Distribution) -> str:
    """The SPDX expression of an installed distribution; empty where nothing in it says."""
    expression = field(package, "License-Expression")
    if expression:
        return expression
    stated = _known(field(package, "License").strip())
    lines = package.metadata.get_all("Classifier") or []
    classifiers = [line.rsplit(" :: ", 1)[-1] for line in lines if "License ::" in line]
    copyleft = [line for line in (stated, *classifiers) if "GPL" in line]
    if copyleft:  # said anywhere, it counts, whatever a text beside it reads like
        return str(copyleft[0])
    return stated or _by_text(package) or " AND ".join(sorted({_known(line) for line in classifiers} - {""}))


def field(package: Distribution, name: str) -> str:
    """One field of a distribution's metadata; empty where it has none of that name."""
    return str(package.metadata[name]) if name in package.metadata else ""


def refused(expression: str) -> list[str]:
    """The parts of an SPDX expression that are not allowed; where there is a choice, one allowed side is enough.

    An empty expression is refused as ``unknown``.
    """
    if not expression:
        return ["unknown"]
    faults: list[str] = []
    for part in re.split(r"\bAND\b", re.sub(r"[()]", " ", expression)):
        sides = [set(IDENTIFIER.findall(side)) - {"WITH"} for side in re.split(r"\bOR\b", part)]
        if not any(side <= ALLOWED for side in sides):
            faults += sorted(set().union(*sides) - ALLOWED)
    return faults


def _known(text: str) -> str:
    """`text` as SPDX writes it, or as it stands when it names a GPL; empty for one that is not known."""
    if text in ALLOWED or ("GPL" in text and len(text) < 60):
        return text
    return SPELLINGS.get(text.lower(), "")


def _by_text(package: Distribution) -> str:
    """The licenses whose texts lie in the distribution's own folder of metadata."""
    texts = [
        " ".join(file.read_text(encoding="utf-8", errors="replace").lower().split())
        for entry in package.files or ()
        if ".dist-info" in str(entry)
        and FILES.search(str(entry))
        and "third" not in str(entry).lower()
        and (file := Path(str(package.locate_file(entry)))).is_file()
    ]
    names = {next((name for name, words in TEXTS if all(word in text for word in words)), "") for text in texts}
    return " AND ".join(sorted(names - {""}))
