"""Answers of the Gemini API, made from the SDK's types. Runs in the oracle's environment."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from google.genai import types  # type: ignore[import-not-found]  # the oracle's environment has it
from sdk_lines import Json, write  # type: ignore[import-not-found]  # beside this script
from sdk_samples import sample  # type: ignore[import-not-found]  # the same

TEXT: Json = {"text": "ok"}
# What stands beside a part's own field, rather than being one.
_MARKS = ("thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata", "partMetadataJson")


def answer(*parts: Json, **more: object) -> Json:
    """An answer of these parts."""
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", **more}
    return {"candidates": [candidate], "modelVersion": "m", "responseId": "r"}


def answers() -> Iterator[tuple[str, Json]]:
    """One of each kind of part, of candidate and of metadata: with all fields, with nulls, and with none."""
    for way in ("full", "null"):
        for name, field in types.Part.model_fields.items():
            alias = field.alias or name
            if alias not in _MARKS:
                value = sample(field.annotation, way)
                yield f"{way} part {alias}", answer({alias: value}, TEXT)
                yield f"{way} signed part {alias}", answer({alias: value, "thoughtSignature": "c2ln"}, TEXT)
                yield f"{way} marked part {alias}", answer({alias: value, "thought": False, "videoMetadata": None})
        for name, field in types.Candidate.model_fields.items():
            alias = field.alias or name
            if alias not in ("content", "finishReason", "index"):
                yield f"{way} candidate's {alias}", answer(TEXT, **{alias: sample(field.annotation, way)})
        usage = sample(types.GenerateContentResponseUsageMetadata, way)
        yield f"{way} usage", {**answer(TEXT), "usageMetadata": usage}
        beside = {**answer(TEXT)["candidates"][0], "index": 0}
        yield f"{way} candidate", {**answer(), "candidates": [sample(types.Candidate, way) | beside]}
    yield "a thought without text", answer({"thought": True, "thoughtSignature": "c2ln"}, TEXT)
    yield "a thought", answer({"text": "hm", "thought": True}, TEXT)
    yield "an empty text with a signature", answer(TEXT, {"text": "", "thoughtSignature": "c2ln"})
    yield "no parts", answer()
    yield "no content", {**answer(), "candidates": [{"finishReason": "MAX_TOKENS"}], "usageMetadata": {}}
    yield "a call without arguments", answer({"functionCall": {"name": "f"}})
    yield "two answers", {**answer(), "candidates": [{**answer(TEXT)["candidates"][0], "index": at} for at in (0, 1)]}
    for reason in types.FinishReason:
        yield f"finished by {reason.value}", answer(TEXT, finishReason=reason.value)


def main() -> None:
    """Write every body once: whole, and as a stream of one chunk."""
    for name, body in answers():
        for is_stream in (False, True):
            text = json.dumps(body)
            framed = f"data: {text}\n\n" if is_stream else text
            encoded = base64.b64encode(framed.encode()).decode()
            write({"id": name + " streamed" * is_stream, "api": "generate", "stream": is_stream, "body": encoded})


if __name__ == "__main__":
    main()
