"""Rules that other modules ask, each beside what it belongs to: for the table."""

from __future__ import annotations

from sagemaker_local.planning.rules.rule import GUIDE, SDK, Outcome, RuleElsewhere

_MODEL = "botocore's model of the service"
_API = "API reference"

RULES = (
    RuleElsewhere(
        "Lists, maps, strings and numbers are within their limits, such as 10 inputs and 10 "
        "outputs of a processing job, 100 arguments of 256 characters, 20 channels, "
        "100 hyperparameters of 2500 characters, 40 metrics, 50 tags; at least one argument, "
        "channel, instance",
        _MODEL,
        "service_model",
    ),
    RuleElsewhere("Enums: instance types by use, input modes, statuses", _MODEL, "service_model"),
    RuleElsewhere(
        "Patterns, in Java's dialect: no line break where `.` stands, letters of tags and of "
        "metadata, names, ARNs of roles",
        _MODEL,
        "patterns",
    ),
    RuleElsewhere(
        "Members are required, known, and of their type",
        f"{_MODEL}; {SDK}#2746",
        "definition.shapes",
    ),
    RuleElsewhere(
        "A reference's type is that of its place: no Integer or Float where a string is wanted",
        f"{SDK}#2631, #4867, #2425",
        "definition.shapes",
    ),
    RuleElsewhere(
        "A definition has at most 1,048,576 characters",
        f"{_API}, CreatePipeline",
        "definition.document",
    ),
    RuleElsewhere("Step names have 1 to 64 letters, digits, - or _", _MODEL, "definition.document"),
    RuleElsewhere(
        "A step's name is there once, in all branches",
        f'{SDK}#3240; {GUIDE}, "Define a pipeline"',
        "definition.document",
    ),
    RuleElsewhere(
        "A parameter's value has 1 to 1024 characters",
        f"{_API}, SageMakerPipelineParameter",
        "definition.parameters",
    ),
    RuleElsewhere(
        "ExpireAfter is a duration", f'{GUIDE}, "Caching pipeline steps"', "definition.cache_config"
    ),
    RuleElsewhere(
        "A retry policy has MaxAttempts (20 at most) or ExpireAfterMin (14400), not both; "
        "IntervalSeconds is at most 43200",
        f'{GUIDE}, "Retry policy for pipeline steps"',
        "definition.retry_policy",
    ),
    RuleElsewhere(
        "Nothing depends on a Fail step, or refers to it",
        f'{GUIDE}, "Pipelines steps"',
        "planning.checks",
    ),
    RuleElsewhere(
        "Std:JsonGet's Path is text: JsonPath to one value, with or without `$`; it finds no NaN",
        f'{SDK}#4418, #3463; {GUIDE}, "Pass data between steps"',
        "planning.functions",
    ),
    RuleElsewhere(
        "Std:JsonGet has a PropertyFile or an S3Uri, which is a string, and not both",
        f'{SDK}, workflow/functions.py; {GUIDE}, "Pass data between steps"',
        "planning.functions",
    ),
    RuleElsewhere(
        "Std:Join joins strings, numbers and booleans, no list, object or null (how the service "
        "writes those is not known)",
        f"{SDK}, workflow/functions.py; its local mode refuses null",
        "planning.functions",
    ),
    RuleElsewhere(
        "A condition compares values of one kind: strings, numbers or booleans; In asks its Values "
        "so, too",
        f"{SDK}, local mode of pipelines; of the service no refusal was seen",
        "definition.conditions",
    ),
    RuleElsewhere(
        "A Fail step's message is a string",
        f"{SDK}, workflow/fail_step.py",
        "steps.fail",
    ),
    RuleElsewhere("A condition Not has Condition", f"{SDK}#2746", "steps.condition"),
    RuleElsewhere(
        "A processing job's LocalPath begins with /opt/ml/processing/",
        f"{_API}, ProcessingS3Input",
        "jobs.processing",
    ),
    RuleElsewhere(
        "The objective of another image's tuning job is among its MetricDefinitions",
        f"{SDK}#3932; aws/amazon-sagemaker-examples#1207",
        "jobs.tuning",
    ),
    RuleElsewhere(
        "MaxPayloadInMB, and times MaxConcurrentTransforms, is at most 100",
        f"{_API}, CreateTransformJob",
        "jobs.transform",
    ),
    RuleElsewhere(
        "Hosts that share an input's objects are not more than these (the service runs such a job, "
        "and some hosts get nothing)",
        f"{_API}, S3DataSource",
        "planning.shards",
        Outcome.NOTICED,
    ),
    RuleElsewhere(
        "JoinSource Input needs one content type, and AssembleWith as SplitType",
        f'{GUIDE}, "Associate prediction results with input records"',
        "jobs.transform_records",
    ),
    RuleElsewhere(
        "GenerateInferenceId needs an Accept of CSV, JSON or JSON Lines, by line but for JSON",
        f'{GUIDE}, "Capture data from batch transform job"',
        "jobs.transform_records",
    ),
    RuleElsewhere(
        "A configuration's models are there",
        "aws/amazon-sagemaker-examples#2236; API reference, CreateEndpointConfig",
        "endpoints.configurations",
    ),
    RuleElsewhere(
        "An endpoint's, and a configuration's, name is there once; an endpoint's in any case",
        f"{SDK}#101; awslabs/spot-tagging-bot-for-digital-assets#2; {_API}, CreateEndpoint",
        "endpoints.endpoints",
    ),
    RuleElsewhere(
        "An endpoint that is being created, updated or deleted is neither changed nor deleted",
        "aws/amazon-sagemaker-operator-for-k8s, controllers; awslabs/stable-diffusion-aws-extension"
        "#342",
        "endpoints.endpoints",
    ),
    RuleElsewhere(
        "An endpoint that could not be created is deleted, and not updated",
        f"{_API}, DescribeEndpoint, EndpointStatus",
        "endpoints.endpoints",
    ),
    RuleElsewhere(
        "A request to an endpoint has at most 6,291,456 bytes; its headers are within their limits",
        f"botocore's model of the runtime; {SDK}#171, with a smaller number",
        "endpoints.questions",
    ),
    RuleElsewhere(
        "Selected steps' inputs come from selected steps, or from a source execution",
        f"{SDK}#4444",
        "executions.selection",
    ),
    RuleElsewhere(
        "An execution that a Fail step ended is not retried",
        f'{GUIDE}, "Pipelines steps"',
        "executions.executions",
    ),
    RuleElsewhere(
        "A pipeline is not deleted while it runs", f"{_API}, DeletePipeline", "client.pipelines"
    ),
    RuleElsewhere(
        "There is an object behind an input's URI, when the step starts",
        "aws/amazon-sagemaker-examples#2268, #2414",
        "storage.bucket",
    ),
)
