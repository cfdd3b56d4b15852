"""What a container image runs by itself, by its name: a job without a script asks for that.

Repositories are those of the SDK's ``image_uris`` and of the prebuilt images in the Developer
Guide. The name alone is looked at: words in a refusal hang on it, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_NAMED = (
    "blazingtext factorization-machines forecasting-deepar image-classification ipinsights kmeans "
    "knn lda linear-learner ntm object-detection object2vec pca randomcutforest "
    "semantic-segmentation seq2seq xgboost sagemaker-xgboost autogluon-training"
)
_ALGORITHMS = frozenset(_NAMED.split())
_TENSORFLOW_SERVING = "TensorFlow Serving"
# The beginning of a repository's name, and the program inside; the longest comes first.
_PROGRAMS = {
    "sagemaker-data-wrangler-container": "Data Wrangler",
    "sagemaker-clarify-processing": "Clarify",
    "sagemaker-model-monitor-analyzer": "the analyzer of Model Monitor",
    "sagemaker-spark-processing": "Spark",
    "sagemaker-geospatial": "the geospatial tools",
    "sagemaker-sparkml-serving": "SparkML Serving",
    "sagemaker-tensorflow-serving": _TENSORFLOW_SERVING,
    "tensorflow-inference": _TENSORFLOW_SERVING,
    "huggingface-tensorflow-inference": "the Hugging Face inference toolkit",
    "huggingface-pytorch-inference": "the Hugging Face inference toolkit",
    "huggingface-pytorch-tgi-inference": "Text Generation Inference",
    "djl-inference": "DJL Serving",
    "sagemaker-tritonserver": "Triton",
}
SCIKIT_LEARN, XGBOOST = "scikit-learn", "xgboost"
_FRAMEWORKS = {"sagemaker-scikit-learn": SCIKIT_LEARN, "sagemaker-xgboost": XGBOOST}
_NOTEBOOK_JOB = "amazon_sagemaker_scheduler"  # starts one, in several images
_REPOSITORY = re.compile(r"^(?:[^/]+/)?(?P<name>[\w./-]+?)(?:[:@].*)?$")


def own_program(image: Any, entrypoint: Sequence[Any] = ()) -> str:
    """What an image runs by itself, such as ``Data Wrangler``; for the middle of a sentence.

    Args:
        image: its URI; an expression is none yet.
        entrypoint: the program in it that a job names.
    """
    if entrypoint and entrypoint[0] == _NOTEBOOK_JOB:
        return "a notebook job"
    if not isinstance(image, str):
        return "what its container image runs by itself"
    return _named(image) or f"what the image{its_name(image)} runs by itself"


def its_name(image: Any) -> str:
    """An image for the end of "the image": what it is, such as `` (Spark)``, or what it is called.

    Args:
        image: its URI; of an expression nothing is said.
    """
    if not isinstance(image, str):
        return ""
    program = _named(image)
    return f" ({program})" if program else f" {image.rpartition('/')[2] or image!r}"


def _named(image: str) -> str:
    """The program of an image that has one whose name is known; empty: it has none."""
    name = _repository(image)
    if name in _ALGORITHMS:
        return f"the built-in algorithm {name}"
    return next((told for start, told in _PROGRAMS.items() if name.startswith(start)), "")


def is_tensorflow_serving(image: Any) -> bool:
    """Does an image answer with TensorFlow Serving, whatever script its model has?"""
    return own_program(image) == _TENSORFLOW_SERVING


def framework_of(image: Any) -> str | None:
    """The framework of an image whose own packages, and defaults for a script, are known here."""
    return _FRAMEWORKS.get(_repository(image)) if isinstance(image, str) else None


def _repository(image: str) -> str:
    match = _REPOSITORY.match(image)
    return match["name"] if match else image
