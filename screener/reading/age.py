"""A patient's age, as far as it may be known: whole years, and months below two of them.

Days are never kept: from an age and the date of the film they would give the day of birth. How
headers write ages and dates is read generously, for a child that is taken for an adult is worse
than an odd spelling.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, datetime

from screener.reading.words import fold

OLDEST = 130
"""Years; what is said to be older is not known."""

MONTHS_UNTIL = 2
"""Years from which on only whole ones are kept."""

_WORDS = {
    12 / 365.25: """
        D DAY DAYS T TAG TAGE JOUR JOURS DIA DIAS GIORNI DAGEN DAGAR DAGER DNI DNÍ GÜN NAP PÄIVÄÄ
        HARI NGÀY ДН ДНЯ ДНЕЙ ДНІВ 日 天 일 วัน दिन يوم יום ימים""",
    84 / 365.25: """
        W WK WEEK WEEKS WOCHE WOCHEN SEMAINES SEMANAS SETTIMANE WEKEN VECKOR UKER UGER TYGODNI TÝDNŮ
        HAFTA HÉT VIIKKOA MINGGU TUẦN НЕД НЕДЕЛЬ НЕДЕЛИ ТИЖНІВ 周 週 주 สัปดาห์""",
    1.0: """
        M MO MON MTH MONTH MONTHS MONAT MONATE MOIS MES MESES MESI MÊS MAANDEN MÅN MÅNADER MND
        MÅNEDER MDR MIES MIESIĘCY MĚSÍCŮ AY HÓ HÓNAP KK KUUKAUTTA BULAN THÁNG МЕС МЕСЯЦЕВ МЕСЯЦА МІС
        МІСЯЦІВ 月 个月 個月 ヶ月 か月 개월 เดือน माह महीने شهر أشهر חודשים""",
    12.0: """
        Y YR YRS YEAR YEARS YO J JAHR JAHRE A AN ANS ANO ANOS AÑO AÑOS ANNI ANI JAAR JR ÅR LAT LATA
        ROK ROKY ROKOV LET GODINA GODINE GODINI YAŞ YIL ÉV ÉVES V VUOTTA TAHUN TH TUỔI ЛЕТ Л ГОД
        ГОДА Г РОКІВ РОКИ РІК ΕΤΗ ΕΤΩΝ 岁 歲 歳 才 年 세 살 ปี साल वर्ष سنة سنوات سال שנה שנים""",
}
_UNITS = {"": 12.0} | {fold(word): unit for unit in _WORDS for word in _WORDS[unit].split()}
"""Months of each; a unit of another language says nothing, for days are not to become years."""

_AGE = re.compile(r"(\d{1,5})(?:[.,](\d+))?\s*([^\s\d.,;:/()_-]*)")

OLDEST_BIRTH = 1850
"""Earlier years are days and months, of a date that begins with them."""


def stated(text: str) -> float | None:
    """Years by Patient Age (0010,1010); of several values the least, without a unit years."""
    values = re.split(r"[\\\[\]']|, ", fold(text))
    found = (_AGE.search(value) for value in values)
    ages = [_years(*one.groups()) for one in found if one]
    return min((one for one in ages if one is not None), default=None)


def _years(whole: str, fraction: str | None, unit: str) -> float | None:
    if unit not in _UNITS:
        return None
    return kept(float(f"{whole}.{fraction or 0}") * _UNITS[unit])


def between(born: str, taken: date) -> float | None:
    """Years from a birth to a film; None for a film before it, or for no date.

    A birth of which only the year or month is known, or of which it is not clear which is the
    month, is taken for the latest that it can be.
    """
    latest = (_latest(*reading, taken) for reading in _readings(born))
    ages = (_between(day, taken) for day in latest if day)
    return min((one for one in ages if one is not None), default=None)


def _readings(born: str) -> Iterator[tuple[int, int, int]]:
    """Year, month and day, as a date may be meant; 0 for what it does not say."""
    parts = re.findall(r"\d+", born)
    if len(parts) == 1 and len(parts[0]) >= 8 and int(parts[0][:4]) < OLDEST_BIRTH:
        parts = [parts[0][:2], parts[0][2:4], parts[0][4:8]]
    if len(parts) == 1:
        parts = [parts[0][:4], parts[0][4:6], parts[0][6:8]]
    one, two, three = (int(part or 0) for part in (*parts, "", "", "")[:3])
    if one >= OLDEST_BIRTH:
        yield one, two, three
    elif three >= OLDEST_BIRTH:
        yield from ((three, two, one), (three, one, two))


def _latest(year: int, month: int, day: int, taken: date) -> date | None:
    """The latest day that is meant, and no later than the film where it may be earlier."""
    for known in ((year, month, day), (year, month), (year,)):
        try:
            first = date(*(*known, 1, 1)[:3])
        except ValueError:
            continue
        last = {1: date(year, 12, 31), 2: date(year, first.month, _days_of(first)), 3: first}
        return max(first, min(last[len(known)], taken))
    return None


def _days_of(month: date) -> int:
    return calendar.monthrange(month.year, month.month)[1]


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
    date_parts = int(day[:4]), int(day[4:6]), int(day[6:8])
    for clock in (f"{time:0<6.6}", "000000"):
        try:
            return datetime(*date_parts, int(clock[:2]), int(clock[2:4]), int(clock[4:]))
        except ValueError:
            continue
    return None
