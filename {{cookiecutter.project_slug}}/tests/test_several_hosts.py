"""What hosts cannot share is refused before anything starts."""

import pytest

from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.notebooks import limits
from {{ cookiecutter.package_name }}.pipelines import channels, several_hosts


class Session:
    """A bucket with these keys."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def list_s3_files(self, bucket: str, key_prefix: str) -> list[str]:
        assert bucket == "b"
        return [key for key in self.keys if key.startswith(key_prefix)]


FOLDER = Session("in/cars/a.csv", "in/cars/deep/b.csv", "in/cars/_SUCCESS", "in/cars/.c.csv.crc")


def test_only_files_with_rows_are_counted() -> None:
    assert several_hosts.count_files(FOLDER, "s3://b/in/cars") == 2
    assert several_hosts.count_files(Session("in/cars.csv"), "s3://b/in/cars.csv") == 1
    assert several_hosts.check(FOLDER, "s3://b/in/cars", 2, 2, ["xgboost"]) == 2
    assert several_hosts.check(Session(), "s3://b/absent", 1, 1, ["linear"]) == 1


@pytest.mark.parametrize(
    ("processing", "training", "family", "told"),
    [
        (3, 1, "xgboost", "^processing_instance_count is 3, and input_data has 2 files: each host"),
        (1, 2, "linear", "^training_instance_count is 2, and models of the family linear are"),
    ],
)
def test_more_hosts_than_can_share_are_refused(
    processing: int, training: int, family: str, told: str
) -> None:
    with pytest.raises(ProjectError, match=told):
        several_hosts.check(FOLDER, "s3://b/in/cars", processing, training, [family])


def test_the_first_rows_of_a_table_are_one_hosts() -> None:
    assert limits.row_limit(50, {"processing_instance_count": 1}) == ""
    assert limits.row_limit(0, {"processing_instance_count": 2}) == ""
    assert limits.row_limit(50, {"processing_instance_count": 2}).startswith("0 where")


def test_only_the_shared_channel_is_shared_and_only_several_hosts_are_told() -> None:
    shared, whole = channels.processing_inputs({"data": "s3://b/in", "code": "s3://b/c"}, "data")
    assert shared.s3_input.s3_data_distribution_type == "ShardedByS3Key"
    assert whole.s3_input.s3_data_distribution_type != "ShardedByS3Key"
    assert several_hosts.options(1) == {}
    assert several_hosts.options(2) == {"hosts": "/opt/ml/config/resourceconfig.json"}
