"""A patient's age, as far as it may be known: whole years, and months below two of them.

Days are never kept: from an age and the date of the film they would give the day of birth. How
headers write ages and dates is read generously, for a child that is taken for an adult is worse
than an odd spelling.
"""

from __future__ import annotations

import re
from datetime import date, datetime

OLDEST = 130
"""Years; what is said to be older is not known."""

MONTHS_UNTIL = 2
"""Years from which on only whole ones are kept."""

_UNITS = {
    "D": "D", "DAY": "D", "DAYS": "D", "T": "D", "TAG": "D", "TAGE": "D", "JOUR": "D", "JOURS": "D",
    "W": "W", "WK": "W", "WEEK": "W", "WEEKS": "W", "WOCHE": "W", "WOCHEN": "W",
    "M": "M", "MO": "M", "MON": "M", "MTH": "M", "MONTH": "M", "MONTHS": "M", "MONAT": "M",
    "MONATE": "M", "MOIS": "M", "MESES": "M", "MESI": "M",
    "": "Y", "Y": "Y", "YR": "Y", "YRS": "Y", "YEAR": "Y", "YEARS": "Y", "YO": "Y", "J": "Y",
    "JAHR": "Y", "JAHRE": "Y", "A": "Y", "AN": "Y", "ANS": "Y", "ANOS": "Y", "AÑOS": "Y",
    "ANNI": "Y", "ЛЕТ": "Y", "ГОД": "Y", "ГОДА": "Y", "岁": "Y", "歳": "Y", "才": "Y",
}  # fmt: skip
_MONTHS = {"D": 12 / 365.25, "W": 84 / 365.25, "M": 1.0, "Y": 12.0}

_AGE = re.compile(r"(\d{1,5})(?:[.,](\d+))?\s*([^\W\d_]*)")


def stated(text: str) -> float | None:
    """Years by Patient Age (0010,1010); of several values the least, without a unit years."""
    values = re.split(r"[\\\[\]']|, ", text.upper())
    found = (_AGE.search(value) for value in values)
    ages = [_years(*one.groups()) for one in found if one]
    return min((one for one in ages if one is not None), default=None)


def _years(whole: str, fraction: str | None, unit: str) -> float | None:
    if unit not in _UNITS:
        return None
    return kept(float(f"{whole}.{fraction or 0}") * _MONTHS[_UNITS[unit]])


def between(born: str, taken: date) -> float | None:
    """Years from a birth to a film; None for a film before it, or for no date.

    A birth of which only the year or month is known is taken for the latest that it can be.
    """
    digits = re.sub(r"\D", "", born)[:8]
    if len(digits) in (4, 6) and f"{taken:%Y%m%d}".startswith(digits):
        return 0.0
    for latest in ("", "28", "1231"):
        if day := moment(digits + latest, ""):
            return _between(day.date(), taken)
    return None


def _between(born: date, taken: date) -> float | None:
    months = 12 * (taken.year - born.year) + taken.month - born.month - (taken.day < born.day)
    return kept(months) if months >= 0 else None


def kept(months: float) -> float | None:
    """Years as they are kept; None for more than anybody reaches."""
    years = int(months // 12)
    if years > OLDEST:
        return None
    return float(years) if years >= MONTHS_UNTIL else round(int(months) / 12, 2)


def moment(day: str, time: str) -> datetime | None:
    """A DICOM date, also with dots or dashes in it, and as much of a time as is valid."""
    day, time = re.sub(r"\D", "", day), re.sub(r"\D", "", time.partition(".")[0])
    if len(day) < 8:
        return None
    for text in (f"{day[:8]}{time:0<6.6}", f"{day[:8]}000000"):
        try:
            return datetime.strptime(text, "%Y%m%d%H%M%S")
        except ValueError:
            continue
    return None
