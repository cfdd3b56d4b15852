"""Words that people and programs write where a value is missing; of them a column's are proposed.

They are looked for only among numbers and dates: in a column of categories, `unknown` is one.
"""

import re

# Without spaces, dots, slashes and brackets, in lower case: `N.A.`, `<NA>`, `(null)` and `n/a`.
_WORDS = (
    "na nan nat null nil none void empty blank undefined undef missing miss unknown unk unkn",
    "notavailable notapplicable notknown notgiven notspecified notset notrecorded notreported",
    "notstated unspecified unavailable nodata novalue noanswer noresponse refused dontknow",
    "tbd tba tbc pending nd nr ns nk np sd nv ka nb dk",
    "keineangabe keineangaben unbekannt fehlt fehlend fehlwert leer nichtverfügbar",
    "nichtvorhanden entfällt ohneangabe oa",
    "inconnu inconnue nondisponible nonrenseigné nonrenseigne manquant nc sansobjet",
    "desconocido desconocida sindatos sindato nodisponible faltante",
    "sconosciuto sconosciuta nondisponibile mancante",
    "onbekend nietbeschikbaar desconhecido okänd ukjent",
)
_MISSING = frozenset(" ".join(_WORDS).split())
# Of programs: SAS and Stata (.A), C (1.#IND, -nan), MySQL (\\N).
_PROGRAMS = re.compile(
    r"[+-]?1?\.?#?(?:q|s)?(?:nan|ind)(?:\(\w*\))?|\.[a-z_]|\\+n|[+-]?nan", re.IGNORECASE
)
_ERROR = re.compile(r"#[^\W\d_¡].*[!?]|#¡.*!", re.DOTALL)  # of spreadsheets: #DIV/0!, #NAME?
LONGEST = 30
_TRIMMED = re.compile(r"[\s./\\()\[\]{}<>\"'`_-]+")


def is_missing_word(text: str) -> bool:
    """Whether a text, anywhere in a column of numbers or dates, says that there is no value."""
    if (text[:1].isdigit() and "#" not in text) or len(text) > LONGEST:
        return False
    if not any(map(str.isalnum, text)):
        return True  # ?, -, --, ., ...
    if _ERROR.fullmatch(text) or _PROGRAMS.fullmatch(text):
        return True
    folded = text.casefold()
    if folded.startswith("#"):  # #N/A N/A
        return _TRIMMED.sub("", folded).strip("#") in ("na", "nana", "nv", "null", "nd")
    return _TRIMMED.sub("", folded) in _MISSING
