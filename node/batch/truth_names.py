"""What the names of files and folders say of a study: words that stand for a truth.

Names are written for people, who read ``covid_negative`` and ``Cancer center`` as they
are meant. Where a word may mean something else the truth is not known: a study fewer
costs little, a truth that is turned round spoils every figure.
"""

from __future__ import annotations

import re
import unicodedata

NORMAL_NAMES = frozenset(
    {"control", "healthy", "norm", "norma", "normal", "здоров", "здоровый", "норма"}
)
PATHOLOGY_NAMES = frozenset(
    {
        "abnormal",
        "cancer",
        "covid",
        "effusion",
        "emphysema",
        "nodule",
        "pathology",
        "pneumonia",
        "pneumothorax",
        "pneumotorax",
        "tuberculosis",
        "патология",
        "пневмония",
        "пневмоторакс",
        "рак",
        "туберкулез",
        "туберкулёз",
    }
)
"""Words of a name, whole and in any case, that stand for a truth (docs/output.md)."""

DENIALS = frozenset(
    {
        *(
            "absent",
            "absence",
            "after",
            "before",
            "clear",
            "cleared",
            "cured",
            "denied",
        ),
        *("ex", "follow", "followup", "former", "free", "healed", "history", "hx"),
        *("maybe", "minus", "near", "nearly", "neg", "neither", "never", "no", "non"),
        *("none", "nor", "not", "past", "possible", "post", "pre", "previous", "prior"),
        *("probable", "query", "recovered", "rule", "ruled", "treated"),
        *("uncertain", "unclear", "unconfirmed", "unknown", "unlikely", "without"),
        *("без", "возможно", "вне", "вопрос", "вопросом", "до", "минус", "не", "нет"),
        *("нету", "ни", "под", "после", "ранее"),
    }
)
DENIAL_STEMS = (
    *("exclu", "negativ", "resolv", "suspect", "suspic"),
    *("вероятн", "выздоров", "излеч", "исключ", "негатив", "отриц", "отсутств"),
    *("перенес", "перенёс", "подозр", "разреш"),
)
"""Words, and beginnings of words, that deny, doubt or end a disease; ``?`` does too.

A path with one of them says nothing. Not even 0: where one disease is excluded there
may be another.
"""

CONTEXTS = frozenset(
    {
        *(
            "ai",
            "algorithm",
            "and",
            "challenge",
            "classification",
            "cohort",
            "contrast",
        ),
        *("database", "dataset", "department", "dept", "detection", "dosage", "dose"),
        *("era", "filter", "infection", "kv", "kvp", "mas", "mode", "model", "or"),
        *("pandemic", "pitch", "program", "programme", "qc", "quality", "registry"),
        *("resolution", "risk", "speed", "spacing", "standard", "thickness", "trial"),
        *("unit", "versus", "view", "vs", "ward", "window"),
        *("и", "или", "либо", "окно", "против", "риск"),
    }
)
CONTEXT_STEMS = (
    *("center", "centre", "clinic", "hospital", "institut", "kernel", "protocol"),
    *("recon", "screen", "vaccin"),
    *("больниц", "вакцин", "госпитал", "диспансер", "доз", "институт", "качеств"),
    *("клиник", "отделен", "протокол", "регистр", "скрининг", "центр"),
)
"""Words, and beginnings of words, beside which a truth is that of something else.

A place, a technique, or two groups side by side: the name of that one file or folder
says nothing, those around it may.
"""


def of_name(path: str) -> int | None:
    """Return what the words of a path say; None where they say nothing, or both.

    >>> of_name("ward 3/Norma_07.zip"), of_name("pneumonia-12"), of_name("no pathology")
    (0, 1, None)
    """
    plain = unicodedata.normalize("NFC", path).casefold()
    names = [frozenset(re.findall(r"[^\W\d_]+", name)) for name in plain.split("/")]
    if "?" in plain or any(_has(words, DENIALS, DENIAL_STEMS) for words in names):
        return None
    telling = [words for words in names if not _has(words, CONTEXTS, CONTEXT_STEMS)]
    found = {truth for words in telling for truth in _truths(words)}
    return found.pop() if len(found) == 1 else None


def _truths(words: frozenset[str]) -> set[int]:
    kinds = {0: NORMAL_NAMES, 1: PATHOLOGY_NAMES}
    return {truth for truth, names in kinds.items() if words & names}


def _has(words: frozenset[str], whole: frozenset[str], stems: tuple[str, ...]) -> bool:
    return bool(words & whole) or any(word.startswith(stems) for word in words)
