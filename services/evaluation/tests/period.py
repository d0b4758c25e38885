"""Computes tables of periods from scores, apart from Huying: its only source is docs/evaluation.md.

Reads one JSON document from standard input, a list of periods, and prints one with the text of each table. Nothing is used
but the standard library; every number is a fraction until it is written.
"""

import json
import sys
from fractions import Fraction
from math import isqrt


def digits(whole, places):
    """A whole number of units of the last place, as it is written."""
    text = str(whole).rjust(places + 1, "0")
    return text if places == 0 else f"{text[:-places]}.{text[-places:]}"


def half_even(value, places):
    """A fraction with exactly so many places."""
    scaled = value * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if 2 * rest > scaled.denominator or (2 * rest == scaled.denominator and whole % 2 == 1):
        whole += 1
    return digits(whole, places)


def exact(value):
    """A fraction that ends, without trailing zeros."""
    for places in range(29):
        scaled = value * 10**places
        if scaled.denominator == 1:
            return digits(scaled.numerator, places)
    raise ValueError(f"{value} does not end")


def total_of(score):
    """0 to 100 of one case, or None where it is held back."""
    rated = [(Fraction(weight), Fraction(rate)) for _, weight, rate in score["parts"] if rate is not None]
    if score["unrated"] == "held-back" and len(rated) < len(score["parts"]):
        return None
    quotient = 100 * sum(weight * rate for weight, rate in rated) / sum(weight for weight, _ in rated)
    if (quotient * 10**12).denominator == 1:
        return quotient
    return Fraction(half_even(quotient, 4))


def interval(mean, cases):
    """The mean's 95 % interval: both ends with two places, rounded outward."""
    p = int(mean * 10**4)
    middle = 200 * cases * p + 384160000
    square = 38416 * (3841600000000 + 4 * cases * p * (10**6 - p))
    root = isqrt(square)
    root += root * root != square
    whole = 20000 * cases + 76832
    low = max(0, (middle - root) // whole)
    high = min(10000, -(-(middle + root) // whole))
    return digits(low, 2), digits(high, 2)


def seats(shares, units):
    """Largest remainder; of equal remainders the better tier."""
    quotas = [Fraction(share) * units / 100 for share in shares]
    given = [int(quota) for quota in quotas]
    order = sorted(range(len(shares)), key=lambda tier: (given[tier] - quotas[tier], tier))
    for tier in order[: units - sum(given)]:
        given[tier] += 1
    return given


class Unit:
    def __init__(self):
        self.cases = self.held_back = 0
        self.totals = Fraction(0)
        self.rates = {}

    def add(self, score):
        total = total_of(score)
        if total is None:
            self.held_back += 1
        else:
            self.cases += 1
            self.totals += total
        for component, _, rate in score["parts"]:
            rates = self.rates.setdefault(component, [])
            if rate is not None:
                rates.append(Fraction(rate))


class Row:
    def __init__(self, code, unit, period):
        self.code, self.unit = code, unit
        self.mean = Fraction(half_even(unit.totals / unit.cases, 4)) if unit.cases else None
        self.mark = self.result = None
        if period["yearly"] and code in period["marks"]:
            self.mark = Fraction(period["marks"][code])
            if self.mean is not None:
                street, elsewhere = map(Fraction, period["yearly"])
                self.result = (street * self.mean + elsewhere * self.mark) / 100
        self.worth = self.result if period["yearly"] else self.mean
        if unit.cases < period["ranked_from"]:
            self.worth = None
        self.rank = self.tier = "-"

    def fields(self):
        low, high = interval(self.mean, self.unit.cases) if self.mean is not None else ("-", "-")
        return [
            "unit",
            self.rank,
            self.code,
            self.unit.cases,
            self.unit.held_back,
            "-" if self.mean is None else half_even(self.mean, 4),
            low,
            high,
            "-" if self.mark is None else exact(self.mark),
            "-" if self.result is None else exact(self.result),
            self.tier,
        ]


def ranked(rows, tiers):
    """Rows in their order, with ranks and tiers."""
    # By code, and stable: of equal ones the order stays.
    rows = sorted(sorted(rows, key=lambda row: row.code), key=lambda row: (row.worth is None, -(row.worth or 0)))
    with_rank = [row for row in rows if row.worth is not None]
    counts = seats([share for _, share in tiers], len(with_rank)) if tiers else []
    seated = [tier for (tier, _), count in zip(tiers, counts) for _ in range(count)]
    for place, row in enumerate(with_rank):
        before = with_rank[place - 1] if place else None
        if before is not None and before.worth == row.worth:
            row.rank, row.tier = before.rank, before.tier
        else:
            row.rank, row.tier = place + 1, seated[place] if seated else "-"
    return rows


def table(period):
    lines = []

    def say(*fields):
        lines.append("\t".join(str(field) for field in fields))

    units, formulas, external = {}, {}, 0
    for score in period["scores"]:
        if score["party"] in period["externals"]:
            external += 1
            continue
        weights = tuple((component, Fraction(weight)) for component, weight, _ in score["parts"])
        # `spread` comes before `held-back`.
        formula = (score["formula"], score["unrated"] != "spread", weights)
        formulas[formula] = formulas.get(formula, 0) + 1
        units.setdefault(score["party"], Unit()).add(score)

    say("huying-period", 1)
    for field in ("district", "period", "publication", "charter", "position"):
        say(field, period[field])
    say("ranked-from", period["ranked_from"])
    if period["yearly"]:
        say("result", *(exact(Fraction(share)) for share in period["yearly"]))
    for tier, share in period["tiers"]:
        say("tier", tier, exact(Fraction(share)))
    for number, formula in enumerate(sorted(formulas), 1):
        name, held_back, weights = formula
        say("formula", number, formulas[formula], "held-back" if held_back else "spread", name)
        for component, weight in weights:
            say("weight", number, component, exact(weight))
    for row in ranked([Row(code, unit, period) for code, unit in units.items()], period["tiers"]):
        say(*row.fields())
        for component in sorted(row.unit.rates):
            rates = row.unit.rates[component]
            rate = half_even(100 * sum(rates) / len(rates), 4) if rates else "not-rated"
            say("rate", row.code, component, rate, len(rates))
    say("external", external)
    say("excluded-cases", len(period["excluded"]))
    excluded = {}
    for concerned in period["excluded"]:
        for code in concerned:
            excluded[code] = excluded.get(code, 0) + 1
    for code in sorted(excluded):
        say("excluded", code, excluded[code])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    json.dump([table(period) for period in json.load(sys.stdin)], sys.stdout)
