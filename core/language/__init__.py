"""Language of every text that a person reads, by gettext: `_`, `in_context`, `plural` and `number`.

The language is chosen once, when this package is imported: `GAN_STUDIO_LANGUAGE`, else the stored choice, else the
language of the system, else English. Texts can therefore be translated where modules and classes are defined.

The texts of the program are the keys. `make messages` collects them into `core/language/catalogs`; a new language is
one new file there.
"""

from core.language.choice import ENGLISH, LANGUAGE, PSEUDO, VARIABLE, languages
from core.language.messages import _, all_of, in_context, in_language, listed, one_of, plural, sentences, titled
from core.language.numbers import date_text, number

__all__ = [
    "ENGLISH",
    "LANGUAGE",
    "PSEUDO",
    "VARIABLE",
    "_",
    "all_of",
    "date_text",
    "in_context",
    "in_language",
    "languages",
    "listed",
    "number",
    "one_of",
    "plural",
    "sentences",
    "titled",
]
