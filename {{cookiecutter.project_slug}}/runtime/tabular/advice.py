"""What a message tells a person to say by a notebook's parameter, as a shell takes it."""

import shlex


def option(parameter: str, value: str) -> str:
    """A parameter with its value, such as `-p drop 'Pb (mg/l)'`."""
    return f"-p {parameter} {shlex.quote(value)}"


def names(parameter: str, name: str) -> str:
    """A parameter that lists columns, with one of them."""
    return option(parameter, _listed(name))


def means_missing(name: str, word: str) -> str:
    """That a word in a column means a missing value, such as `-p missing 'area=?'`."""
    return option("missing", f"{name}={_listed(word)}")


def spelled(name: str, spelling: str) -> str:
    """How the values of a column are spelled, such as `-p spelling day=DD/MM/YYYY`."""
    return option("spelling", f"{name}={spelling}")


def _listed(word: str) -> str:
    """A word of a list, which quotes hold together, as `job.words` reads it."""
    plain = not any(mark in word for mark in ',"\r\n')
    return word if plain else '"' + word.replace('"', '""') + '"'
