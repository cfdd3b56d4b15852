"""What is proposed of a column's texts: role, spelling, missing words, and what is asked."""

import shlex
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabular.missing_words import is_missing_word
from tabular.proposal import Proposal, propose

random = np.random.default_rng(7)
NUMBERS = [str(number) for number in random.integers(1, 999, 200)]
DAYS = [f"2021-{month:02}-{day:02}" for month in range(1, 13) for day in (3, 9, 12, 28)]
PARTS = [day.split("-") for day in DAYS]
DECIMALS = [f"{value:.3f}".rstrip("0") for value in random.uniform(1, 99, 200)]
WORDS = " ".join(
    (
        "? ?? - -- --- . ... NA na N/A n/a n.a. N.A. <NA> #N/A #NA NaN -nan -NaN 1.#QNAN -1.#IND",
        "null NULL (null) [null] nil None none missing unknown UNKNOWN #DIV/0! #VALUE! #REF!",
        "#NAME? #NUM! #NULL! #WERT! #NV \\N .A .z k.A. unbekannt tbd – — * _",
    )
).split()


def proposed(texts: Sequence[str], role: str = "", name: str = "x") -> Proposal:
    return propose(Counter(texts), role, name)


@pytest.mark.parametrize("word", [*WORDS, "not available", "No Data", "#N/A N/A", "keine Angabe"])
def test_words_that_mean_missing_are_known_in_any_case(word: str) -> None:
    assert is_missing_word(word)
    found = proposed([*NUMBERS, *[word] * 20])
    assert (found.role, found.missing, found.unreadable) == ("numeric", {word: 20}, {})
    assert proposed([*DAYS, word]).missing == {word: 1}


@pytest.mark.parametrize(
    "text", ["0", "-1", "+5", "1e5", "red", "5-", "A", "x7", "Na 2", "-999", "12?"]
)
def test_other_texts_are_no_words_for_missing(text: str) -> None:
    assert not is_missing_word(text)


def test_the_only_word_that_is_left_means_missing_if_it_is_repeated() -> None:
    assert proposed([*NUMBERS, *["nix"] * 60]).missing == {"nix": 60}
    assert proposed([*NUMBERS, *["?"] * 30, *["nix"] * 60]).missing == {"?": 30, "nix": 60}
    assert proposed([*NUMBERS, *["nix", "Nix"] * 9]).missing == {"nix": 9, "Nix": 9}
    assert proposed([*NUMBERS, "nix"]).unreadable == {"nix": 1}, "once is a mistake"
    assert proposed([*DAYS, *["later"] * 9]).missing == {"later": 9}
    assert proposed([*DAYS, *["0000-00-00"] * 9]).missing == {"0000-00-00": 9}


def test_a_few_words_among_many_numbers_mean_missing() -> None:
    assert proposed([*NUMBERS, *["later", "nix"] * 9]).missing == {"later": 9, "nix": 9}
    assert proposed([*NUMBERS, *["later", "nix"] * 40]).role == "categorical", "that is not a few"
    assert proposed([*NUMBERS, *["later"] * 9, "nix"]).missing == {}, "a mistake is no word"
    assert proposed([*["1", "2", "3"] * 9, *["few", "many"] * 2]).role == "categorical", "a scale"


@pytest.mark.parametrize("left", ["10+", "yes"])
def test_a_value_is_no_word_for_missing(left: str) -> None:
    found = proposed([*NUMBERS, *[left] * 30])
    assert (found.role, found.missing) == ("categorical", {})
    assert found.notes[0].startswith("column 'x' is text, although 87% of its rows hold numbers")


def test_categories_keep_such_words() -> None:
    assert proposed(["red", "blue", "unknown", "-"] * 9) == Proposal("categorical")
    assert proposed(["-"] * 9) == Proposal("categorical")
    assert proposed(["1", "-", "-"]) == Proposal("categorical"), "one number tells nothing else"
    assert proposed([*NUMBERS, "?"], role="categorical") == Proposal("categorical")


# Texts, and how they are spelled.
NUMBER_SPELLINGS = {
    "plain": (NUMBERS, ""),
    "decimals": (DECIMALS, ""),
    "three decimals": ([f"{value:.3f}" for value in random.uniform(0, 9, 200)], ""),
    "decimal comma": ([each.replace(".", ",") for each in DECIMALS], "1234,56"),
    "German": (["1.234,56", "12,5", "856", "1.000"], "1.234,56"),
    "German thousands": (["856", "1.230", "12.340", "4.567"], "1.234,56"),
    "English": (["1,234.56", "12.5", "1,000"], "1,234.56"),
    "English thousands": (["856", "1,230", "12,340", "4,567"], "1,234.56"),
    "millions": (["1,234", "1,234,567"], "1,234.56"),
    "no-break spaces": (["1\u00a0234,5", "12\u202f345", "7,5"], "1 234,56"),
    "spaces": (["1 234", "12 345"], "1 234.56"),
    "Swiss": (["1'234.50", "12’345.05"], "1'234.56"),
    "Indian": (["12,34,567", "1,23,456.5"], "12,34,567.89"),
    "accounting": (["(1,234.5)", "123-", "5.5"], "1,234.56"),
    "minus": (["−5", "+3", "2.5"], "1234.56"),
    "euros": (["1.234,56 €", "EUR 12,5", "-7 €"], "1.234,56 €"),
    "dollars": (["$1,234.56", "($2.50)", "-$3"], "$1,234.56"),
    "dollars without cents": (["$1,234", "$12,345"], "$1,234.56"),
    "euros without cents": (["1.234 €", "12.345 €"], "1.234,56 €"),
    "percent": (["12.5%", "3 %", "40%"], "1234.56%"),
    "kilometers": (["12 km", "3.5 km"], "1234.56 km"),
    "square meters": (["64 m2", "120 m2"], "1234.56 m2"),
}


@pytest.mark.parametrize("case", NUMBER_SPELLINGS)
def test_numbers_are_read_in_the_spelling_that_fits(case: str) -> None:
    texts, spelling = NUMBER_SPELLINGS[case]
    found = proposed(texts * 2)
    assert (found.role, found.spelling, found.question) == ("numeric", spelling, "")
    assert proposed(texts * 2, role="numeric").spelling == spelling
    assert not np.isnan([found.reading("x").number(each) for each in texts]).any()


DATE_SPELLINGS = {
    "%Y-%m-%d": "",
    "%Y-%m-%dT%H:%M:%SZ": "",
    "%Y-%m-%d %H:%M:%S+01:00": "",
    "%d/%m/%Y": "DD/MM/YYYY",
    "%m/%d/%Y": "MM/DD/YYYY",
    "%d.%m.%Y": "DD/MM/YYYY",
    "%m/%d/%y": "MM/DD/YY",
    "%Y/%m/%d": "YYYY/MM/DD",
    "%Y%m%d": "YYYYMMDD",
    "%d-%b-%Y": "DD Mon YYYY",
    "%d %B %Y": "DD Mon YYYY",
    "%d. %B %Y": "DD Mon YYYY",
    "%b %d, %Y": "Mon DD, YYYY",
    "%a, %d %b %Y %H:%M:%S GMT": "DD Mon YYYY",
    "%d/%m/%Y %H:%M": "DD/MM/YYYY",
    "%m/%d/%Y %I:%M:%S %p": "MM/DD/YYYY",
}


@pytest.mark.parametrize("pattern", DATE_SPELLINGS)
def test_dates_are_read_in_the_spelling_that_fits(pattern: str) -> None:
    days = np.array(DAYS, "datetime64[s]").astype(object)
    texts = [day.strftime(pattern) for day in days]
    found = proposed(texts)
    assert (found.role, found.spelling, found.question) == ("date", DATE_SPELLINGS[pattern], "")
    assert [found.reading("x").day(each) for each in texts] == DAYS


def test_names_of_months_are_known_in_other_languages() -> None:
    found = proposed(
        ["16. Februar 2021", "1 März 2021", "3 mai 2021", "1er août 2021", "2 dic. 2021"]
    )
    read = found.reading("x").day
    assert found.spelling == "DD Mon YYYY"
    assert [read("1 März 2021"), read("1er août 2021")] == ["2021-03-01", "2021-08-01"]


def test_years_of_two_digits_have_a_stated_pivot() -> None:
    read = proposed(["2/16/68", "2/16/69", "2/28/99"]).reading("x").day
    assert [read("2/16/68"), read("2/16/69")] == ["2068-02-16", "1969-02-16"]


QUESTIONS = {
    "day or month": (
        [f"{day}/{month}/{year}" for year, month, day in PARTS if day < "13"],
        ("DD/MM/YYYY", "MM/DD/YYYY"),
    ),
    "day or year": (["20-02-16", "21-03-17", "21-04-28"], ("DD/MM/YY", "YY/MM/DD")),
    "decimals or thousands": (["1,234", "5,670", "12,345"], ("1234,56", "1,234.56")),
}


@pytest.mark.parametrize("case", QUESTIONS)
def test_what_the_data_leaves_open_is_asked_and_names_both_answers(case: str) -> None:
    texts, answers = QUESTIONS[case]
    question = proposed(texts, name="it").question
    assert question.startswith("column 'it' holds ")
    assert f'"{answers[0]}" or "{answers[1]}", in the data contract' in question
    assert f"-p spelling {shlex.quote(f'it={answers[0]}')}" in question


def test_one_day_after_the_twelfth_decides() -> None:
    texts = ["03/04/2021", "05/06/2021"]
    assert proposed([*texts, "16/02/2021"]).spelling == "DD/MM/YYYY"
    assert proposed([*texts, "02/16/2021"]).spelling == "MM/DD/YYYY"


CODES = {
    "leading zeros": ["01000", "75001", "13000"],
    "of other lengths": ["007", "12", "345", "0099"],
    "20 digits": [f"{10**20 + each}" for each in range(0, 9000, 77)],
    "phones": ["+491701234567", "+33612345678"],
    "phone": ["612 345 678", "699 123 456"],
    "zip": ["75001", "13000", "69001"],
    "homePostalCode": ["75001", "13000", "69001"],
}


@pytest.mark.parametrize("case", CODES)
def test_codes_are_no_numbers_unless_a_person_says_so(case: str) -> None:
    found = proposed(CODES[case] * 3, name=case)
    assert (found.role, found.missing) == ("categorical", {})
    assert "holds" in found.notes[0]
    assert f"-p numeric {shlex.quote(case)} makes it numbers" in found.notes[0]
    assert proposed(CODES[case] * 3, role="numeric", name=case).role == "numeric"


def test_times_in_seconds_and_nanoseconds_stay_numbers() -> None:
    assert proposed([f"{1_612_137_600 + each}" for each in range(90)]).role == "numeric"
    assert proposed([f"{1_612_137_600 + each}000000000" for each in range(90)]).role == "numeric"


TEXTS = {
    "40% numbers": [*NUMBERS[:40], *[f"part {each}" for each in "abcdef" * 10]],
    "answers": ["Yes", "No"],
    "booleans": ["TRUE", "FALSE"],
    "times": ["12:30", "13:45"],
    "versions": ["1.2.3", "1.10.0", "2.0.1"],
    "addresses": ["10.0.0.1", "192.168.1.1"],
    "ranges": ["10-20", "20-30"],
    "fractions": ["1/2", "3/4"],
    "codes": ["A12", "Q4", "B7"],
    "multiples": ["10k", "20k", "1M"],
    "phones": ["(555) 123-4567", "555-123-4567"],
    "sizes": ["10x20", "20x30"],
    "underscores": ["1_000", "2_000"],
}


@pytest.mark.parametrize("case", TEXTS)
def test_what_only_looks_like_numbers_stays_text(case: str) -> None:
    found = proposed(TEXTS[case] * 3)
    assert (found.role, found.question, found.missing) == ("categorical", "", {})


def test_mixed_formats_and_currencies_are_said() -> None:
    mixed = proposed(["16/02/2021", "2/16/2021", "17/03/2021", "3/17/2021"] * 5)
    assert mixed.role == "categorical" and "50% of its rows hold dates" in mixed.notes[0]
    money = proposed(["$12.50", "€3.00", "$4.10", "$7.15"] * 5)
    assert money.role == "categorical" and "75% of its rows hold numbers" in money.notes[0]


def test_what_the_floats_of_a_model_cannot_hold_is_named() -> None:
    (note,) = proposed([f"{10**9 + each}" for each in range(50)], name="n").notes
    assert note.startswith(
        "column 'n' holds whole numbers that the 32-bit floats of a model cannot"
    )
    assert "'1e39', larger than the 32-bit floats" in proposed(["1", "2", "1e39"]).question
    assert proposed([*NUMBERS, "1e400"]).unreadable == {"1e400": 1}
    assert proposed([f"{10**6 + each}" for each in range(50)]).notes == ()


def test_numbers_for_a_missing_value_are_left_alone() -> None:
    assert proposed([*NUMBERS, *["-999"] * 20]) == Proposal("numeric")


def test_points_that_may_separate_thousands_are_said() -> None:
    found = proposed([f"{number}.{number}" for number in range(101, 140)], name="pay")
    assert (found.role, found.spelling) == ("numeric", "")
    assert found.notes == (
        "column 'pay' holds numbers such as '101.101', which are read with decimals; if these are "
        "thousands, its spelling is 1.234,56",
    )
    assert proposed(["0.125", "1.250", "3.375", "4.125"]).notes == ()


PIECES = [
    *"0123456789.,-+()'%€$/: ",
    "1",
    "12",
    "000",
    "2021",
    "\u00a0",
    "km",
    "Feb",
    "?",
    "NA",
    "x",
]
pieces = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join).map(str.strip)
forms = st.sampled_from(["{:,}", "{}", "{:,.2f}", "({:,})", "${:,}", "{} %", "{:05}", "0{}"])
written = st.builds(str.format, forms, st.integers(-9999, 99999))
days = st.builds(
    lambda day, form: day.strftime(form), st.dates(), st.sampled_from([*DATE_SPELLINGS])
)
texts = st.dictionaries(pieces | written | days, st.integers(1, 9), min_size=1, max_size=9)


@given(
    counts=texts.filter(lambda counts: "" not in counts),
    role=st.sampled_from(["", "numeric", "date"]),
)
def test_what_is_proposed_reads_all_but_what_it_says(counts: dict[str, int], role: str) -> None:
    found = propose(counts, role, "x")
    read = found.reading("x")
    known = [text for text in counts if text not in found.unreadable]
    if found.role != "categorical":
        assert {text for text in known if read.known(text) is None} == set(found.missing)
    assert not role or found.role == role
    assert found.missing.keys() | found.unreadable.keys() <= counts.keys()


def test_units_that_nobody_knows_and_several_units_are_said() -> None:
    def said(*texts: str) -> str:
        found = proposed([text.format(n) for n in range(60) for text in texts])
        assert found.role == "categorical"
        return " ".join(found.notes)

    assert said("{} l/s") == (
        "column 'x' is text, although it holds numbers with units: 'l/s' (60); say so by "
        "-p spelling 'x=1234.56 l/s', or write numbers alone"
    )
    several = "'l/s' (60), 'm3/h' (60); write them in one, or leave the column out by -p drop x"
    assert several in said("{} l/s", "{} m3/h")
    assert "because others hold '0 lb', '1 lb', '2 lb'; correct them, say what means" in said(
        "{} kg", "{}.5 kg", "{} lb"
    )
    assert said("{}:30") == said("Room {}") == said("{0}-{0}") == ""
