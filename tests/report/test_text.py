"""Models' text cannot write to the terminal."""

from mentalarena.report.text import describe


def test_control_characters_of_a_reply_are_not_printed() -> None:
    hostile = "\x1b[2Jhello\x07\u202eolleh"
    episode: dict[str, object] = {
        "id": "e",
        "views": {"patient": [{"role": "system", "content": ""}, {"role": "assistant", "content": hostile}]},
        "decodings": [],
        "diagnosis": None,
        "trials": [],
        "problems": [],
    }
    text = describe(episode)
    assert "hello" in text
    assert not [c for c in text if c != "\n" and not c.isprintable()]
    assert "diagnosis: none" in text
