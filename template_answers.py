"""Checks of the answers to the questions in `cookiecutter.json`, and defaults made from them.

Cookiecutter loads this module as a Jinja extension, before it asks and again before it writes: a
hook would be too late, since it runs inside the project's folder. What was given before anybody is
asked is checked first. The private variables in `cookiecutter.json` send each answer through the
filter `checked` as soon as it is typed. What is to be written is checked once more, since a replay
asks nothing. docs/decisions/answers.md says why it is done so.
"""

import difflib
import json
import keyword
import re
import sys
import unicodedata
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click
from cookiecutter.exceptions import FailedHookException
from cookiecutter.prompt import YesNoPrompt
from jinja2 import Environment
from jinja2.ext import Extension
from slugify import slugify

# SageMaker's names end at 63 characters, and some are made of the slug and a suffix.
LONGEST_SLUG = 40
# Imports of the package stay on one line, so that formatting does not depend on its name.
LONGEST_PACKAGE = 30
LONGEST_TEXT = {"project_name": 60, "author": 100, "description": 200}

# Where SageMaker's XGBoost 3.2 image exists, according to the SDK's `image_uris`.
REGIONS = """
    af-south-1 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
    ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ca-central-1 ca-west-1 cn-north-1
    cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2
    eu-west-3 il-central-1 me-central-1 me-south-1 sa-east-1 us-east-1 us-east-2 us-gov-east-1
    us-gov-west-1 us-iso-east-1 us-isob-east-1 us-isof-east-1 us-isof-south-1 us-west-1 us-west-2
""".split()

# Windows keeps these names for devices: no folder can have them.
DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(10)
}

# What a generated project imports, installs or contains under these very names.
TAKEN = """
    aiohttp apprise attrs boto3 botocore certifi cffi click cloudpickle cryptography fastapi
    fastcore flask graphene gunicorn hatchling httpx idna ipykernel ipython jinja2 joblib
    jsonschema jupyter
    jupyter_client jupyter_core jupyterlab markdown matplotlib mlflow mock moto mypy nbclient
    nbconvert nbdev nbformat networkx numpy omegaconf opentelemetry optuna packaging pandas
    papermill pillow pip platformdirs pluggy pre_commit psutil pyarrow pydantic pygments pyparsing
    pytest python_dateutil pytz pyyaml regex requests rich ruff s3fs s3transfer sagemaker
    sagemaker_core sagemaker_local sagemaker_mlflow sagemaker_mlops sagemaker_serve sagemaker_train
    schema scikit_learn scipy setuptools six sklearn sqlalchemy starlette sympy tenacity tornado
    tqdm traitlets typing_extensions urllib3 uv uvicorn werkzeug wheel xgboost xgboost_cpu yaml
    contracts data evaluate features inference models monitor monitoring notebooks params preprocess
    reports runtime select_records serve src summarize summarize_scores tabular test tests train
""".split()


def default_slug(name: str) -> str:
    """A slug made of a project's name in any script: "Цены на авто" gives "tseny-na-avto"."""
    slug = slugify(name, max_length=LONGEST_SLUG - len("-project")) or "ml"
    return f"{slug}-project" if slug == "ml" or slug_problem(slug) else slug


def default_package(slug: str) -> str:
    """An importable package name made of a slug: "2030-sales" gives "project_2030_sales"."""
    package = slug.replace("-", "_")
    if package[0].isdigit():
        package = f"project_{package}"
    package = package[:LONGEST_PACKAGE].rstrip("_")
    return f"{package}_project" if reserved_by(package) else package


def reserved_by(name: str) -> str:
    """Who has the name already, as the end of a sentence, or "" when it is free."""
    plain = name.lower().replace("-", "_")
    if plain in DEVICES:
        return "is the name of a device on Windows"
    if keyword.iskeyword(plain):
        return "is a keyword of Python"
    if plain in sys.stdlib_module_names:
        return "is a module of Python's standard library"
    if plain in TAKEN:
        return "is the name of something that the project itself contains or installs"
    return ""


def slug_problem(slug: str) -> str:
    """What is wrong with a slug, as the end of a sentence, or ""."""
    if "/" in slug or "\\" in slug:
        return "contains a path separator; choose the place with --output-dir instead"
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        return "is not lower-case letters and digits joined by single hyphens"
    if len(slug) > LONGEST_SLUG:
        return f"has {len(slug)} characters, and SageMaker's names leave room for {LONGEST_SLUG}"
    return reserved_by(slug)


def package_problem(package: str) -> str:
    """What is wrong with a package name, as the end of a sentence, or ""."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", package):
        return "is not lower-case letters and digits joined by underscores, a letter first"
    if len(package) > LONGEST_PACKAGE:
        return f"has {len(package)} characters, more than {LONGEST_PACKAGE}"
    return reserved_by(package)


def region_problem(region: str) -> str:
    """What is wrong with a region, as the end of a sentence, or ""."""
    return "" if region in REGIONS else "is no AWS region that has SageMaker's XGBoost 3.2 image"


def text_problem(question: str, text: str) -> str:
    """What is wrong with free text, as the end of a sentence, or "".

    Quotes, backslashes and all scripts are fine. A line break or another control character would
    end the line of the file in which the text stands.
    """
    if not text.strip():
        return "is empty"
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        return "contains a line break or another control character"
    if len(text) > LONGEST_TEXT[question]:
        return f"has {len(text)} characters, more than {LONGEST_TEXT[question]}"
    return ""


def choice_problem(answer: str, known: Collection[str]) -> str:
    """What is wrong with one of a few answers, as the end of a sentence, or ""."""
    return "" if answer in known else f"is none of {', '.join(known)}"


QUESTIONS: dict[str, Any] = json.loads(
    Path(__file__).with_name("cookiecutter.json").read_text(encoding="utf-8")
)
NAMES = [name for name in QUESTIONS if not name.startswith("_")]
# Questions with labels are answered by one of a few words, which the first one is the default of.
CHOICES = {
    name: [answer for answer in labels if answer != "__prompt__"]
    for name, labels in QUESTIONS["__prompts__"].items()
    if isinstance(labels, dict)
}
YES, NO = YesNoPrompt.yes_choices, YesNoPrompt.no_choices
EXAMPLES = {
    "project_name": "Used Car Prices",
    "project_slug": "used-car-prices",
    "package_name": "used_car_prices",
    "description": "Predicts what a used car sells for.",
    "author": "Ada Lovelace",
    "aws_region": "us-east-1",
    "git_init": "yes",
}


def problem_of(question: str, answer: str) -> str:
    """What is wrong with the answer to a question, as the end of a sentence, or ""."""
    if not answer:
        return "is empty"
    if question in CHOICES:
        return choice_problem(answer, CHOICES[question])
    if question == "git_init":
        return "" if answer.lower() in (*YES, *NO) else "is neither yes nor no"
    if question == "project_slug":
        return slug_problem(answer)
    if question == "package_name":
        return package_problem(answer)
    if question == "aws_region":
        return region_problem(answer)
    return text_problem(question, answer)


def checked(answer: object, question: str) -> str:
    """The answer as it is, or a refusal that ends the generation before anything is written."""
    text = "" if answer is None else str(answer)
    if problem := problem_of(question, text):
        shown = f" {json.dumps(text, ensure_ascii=False)}" if text else ""
        # The exception that cookiecutter's command line prints without a traceback.
        raise FailedHookException(
            f"{question}{shown} {problem}. A good value: {near(text, question)}"
        )
    return text


def near(answer: str, question: str) -> str:
    """A good answer to a question: the one that is written most alike where there are only some."""
    known = REGIONS if question == "aws_region" else CHOICES.get(question, [])
    written = {each.lower(): each for each in known}
    found = difflib.get_close_matches(answer.lower(), written, n=1)
    return written[found[0]] if found else EXAMPLES.get(question) or known[0]


def refuse_unknown_questions() -> None:
    """Refuse `name=value` on the command line where no question has that name.

    Cookiecutter drops such a value silently, so that a misspelt answer becomes the default.
    """
    context = click.get_current_context(silent=True)
    given = dict((context.params.get("extra_context") if context else None) or {})
    for name in given:
        if name not in NAMES:
            close = difflib.get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(NAMES)}"
            raise FailedHookException(f"{name} is none of the template's questions: {hint}")


def answers_of(environment: Environment) -> dict[str, Any]:
    """The answers for which cookiecutter is making this environment; they may be changed.

    Cookiecutter tells an extension nothing of them, so they are looked up where it makes one.
    """
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        if frame.f_locals.get("self") is environment and frame.f_locals.get("context"):
            answers: dict[str, Any] = frame.f_locals["context"]["cookiecutter"]
            return answers
    raise FailedHookException("this template does not know how this cookiecutter asks; use 2.7")


def prepare(answers: dict[str, Any]) -> None:
    """Check what was given before anybody is asked, and make of it what cookiecutter asks by.

    Cookiecutter would end with a traceback where a choice is not in its list, and would render what
    was given as a template: so a question's default is a word, until it is known what was given.
    """
    for question in [name for name in NAMES if name in answers]:  # a replay has some already
        given = answers[question]
        if question in CHOICES:
            chosen = checked(given, question)
            others = [each for each in CHOICES[question] if each != chosen]
            answers[question] = [chosen, *others]
        elif question == "git_init":
            answers[question] = checked(given, question).lower() in YES
        elif given != QUESTIONS[question]:
            # A template of nothing but this text, whatever is in it.
            answers[question] = f"{{{{ {checked(given, question)!r} }}}}"


def quoted(value: object) -> str:
    """JSON text, which is also a valid literal in TOML, YAML and Python.

    Jinja's own `tojson` writes for HTML: it escapes apostrophes, and it splits characters beyond
    the basic plane into surrogate pairs, which TOML refuses.
    """
    return json.dumps(value, ensure_ascii=False)


class TemplateAnswers(Extension):
    """Gives the template its filters: `checked`, `default_slug`, `default_package`, `tojson`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        refuse_unknown_questions()
        answers = answers_of(environment)
        if "_template" in answers:  # they are complete, and the next thing is to write
            for question in NAMES:
                checked(answers.get(question), question)
        else:
            prepare(answers)
        environment.filters.update(
            checked=checked,
            default_slug=default_slug,
            default_package=default_package,
            tojson=quoted,
        )
