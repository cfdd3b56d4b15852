"""What a transform job asks for, with the service's defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .jsonpath import JsonPath, parse
from .records import JSON, media_type

MEGABYTE = 1 << 20
# Where the request gives no MaxPayloadInMB, the service asks the container (/execution-parameters).
# Here that answers: records of up to 6 MB, the service's default, but as much of smaller ones under
# way as 100 thousand short rows fill, so that 10 million need no more memory.
_DEFAULT_LIMIT = 6 * MEGABYTE
_DEFAULT_UNDER_WAY = MEGABYTE // 4


@dataclass(frozen=True)
class Options:
    """How files become payloads, and answers become files.

    Attributes:
        content_type: of the input, as the model is told.
        accept: the type that the model is asked for.
        by_line: is every line a record, or a whole file one?
        single: one record in each payload?
        gzipped: are the files compressed?
        limit: bytes that a record may have; None: any number.
        payload: bytes up to which records are put together; None: all of a file.
        concurrent: payloads that are with the model at once.
        processes: those that the model runs in; one: it runs in threads of the job's own.
        input_filter: what of a record the model gets.
        output_filter: what of a prediction, or of a joined record, is written.
        join: are records joined with their predictions?
        end_lines: does every answer end with a line end?
        inference_time: what records get with an id of their own; empty: they get none.
    """

    content_type: str
    accept: str
    by_line: bool
    single: bool
    gzipped: bool
    limit: int | None
    payload: int | None
    concurrent: int
    processes: int
    input_filter: JsonPath
    output_filter: JsonPath
    join: bool
    end_lines: bool
    inference_time: str

    @property
    def input_kind(self) -> str:
        return media_type(self.content_type)

    @property
    def keeps_values(self) -> bool:
        """Is what the input filter reads of a record of use to the join?"""
        return self.join and not self.input_filter.selects_all

    @property
    def output_kind(self) -> str:
        return media_type(self.accept)


def options_of(
    request: dict[str, Any],
    default_accept: str = JSON,
    inference_time: str = "",
    processes: int = 1,
) -> Options:
    """Read a CreateTransformJob request that was found right.

    Args:
        request: the request, or the job's description, resolved.
        default_accept: what the model is asked for where the request does not say.
        inference_time: what records get with an id of their own; empty: they get none.
        processes: that may answer side by side, if the request asks for so many payloads at once.
    """
    source, target = request["TransformInput"], request["TransformOutput"]
    processing = request.get("DataProcessing", {})
    megabytes = request.get("MaxPayloadInMB")
    limit = _DEFAULT_LIMIT if megabytes is None else megabytes * MEGABYTE or None
    concurrent = request.get("MaxConcurrentTransforms") or 1
    processes = min(processes, concurrent)
    accept = target.get("Accept", "*/*")
    return Options(
        content_type=source.get("ContentType", JSON),
        accept=default_accept if accept == "*/*" else accept,
        by_line=source.get("SplitType", "None") == "Line",
        single=request.get("BatchStrategy") == "SingleRecord",
        gzipped=source.get("CompressionType", "None") == "Gzip",
        limit=limit,
        payload=_DEFAULT_UNDER_WAY // (concurrent // processes) if megabytes is None else limit,
        concurrent=concurrent,
        processes=processes,
        input_filter=parse(processing.get("InputFilter", "$")),
        output_filter=parse(processing.get("OutputFilter", "$")),
        join=processing.get("JoinSource", "None") == "Input",
        end_lines=target.get("AssembleWith", "None") == "Line",
        inference_time=inference_time,
    )
