"""Units that stand beside numbers, and all ways to write one: `EUR`, `euro` and `€` are one."""

_SAME = {
    "€": "€ eur euro euros",
    "$": "$ usd us$ dollar dollars",
    "£": "£ gbp",
    "¥": "¥ jpy",
    "₹": "₹ inr rs rs.",
    "%": "% pct percent prozent",
}
_CANONICAL = {word: unit for unit, words in _SAME.items() for word in words.split()}
_CURRENCIES = (
    "€ $ £ ¥ ₹ ₽ ₩ ₪ ₫ ₴ ₺ ₦ ฿ zł kč kr kr. fr. r$ c$ a$ nz$ hk$ s$ chf aud cad nzd cny rmb hkd",
    "sgd sek nok dkk pln czk huf ron bgn try rub uah ils brl mxn zar krw thb idr myr php aed sar",
)
_MEASURES = (
    "% ‰ km m cm mm µm mi mile miles yd yards ft feet inch inches kg g mg t lb lbs oz l ml cl gal",
    "h hr hrs hour hours std min mins minutes s sec secs seconds ms d day days tage year years yr",
    "yrs jahre month months monate week weeks km/h kmh mph kn m/s w kw kwh mwh hp ps bhp cc ccm",
    "mpg kmpl bar psi °c °f ° m2 m3 km2 cm2 cm3 m² m³ km² cm² cm³ qm sqm sqft ha acres kb mb gb",
    "tb hz khz mhz ghz v mv ma mah rpm nm kcal kj pcs stk stk. px dpi u/min",
)
CURRENCIES = frozenset(_CANONICAL.get(each, each) for each in " ".join(_CURRENCIES).split())
MEASURES = frozenset(_CANONICAL.get(each, each) for each in " ".join(_MEASURES).split())


def canonical(unit: str) -> str:
    """One way to write a unit."""
    folded = unit.strip().casefold()
    return _CANONICAL.get(folded, folded)


def ways(unit: str) -> list[str]:
    """All ways to write a canonical unit."""
    return _SAME.get(unit, unit).split() if unit else []
