"""Records tell of no machine."""

import pytest

from mentalarena.audit.names import last_part, without_folders


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("lexical", "lexical"),
        ("owner/model", "owner/model"),
        ("/home/me/models/base", "base"),
        ("/home/me/models/base/", "base"),
        ("./models/base@abc", "base@abc"),
        (r"C:\models\base", "base"),
    ],
)
def test_a_name_keeps_no_folders(name: str, told: str) -> None:
    assert last_part(name) == told


def test_a_message_keeps_the_names_of_files_and_no_folders() -> None:
    told = without_folders("/home/me/run/patients.jsonl: No such file; expected owner/name, and/or (/tmp/x/y.json)")
    assert told == "patients.jsonl: No such file; expected owner/name, and/or (y.json)"
