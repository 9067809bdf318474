"""Requests beside the vendor's own schema of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec
import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.operations import StreamingOperation
from modelscan.errors import InvalidRequestError
from modelscan.testing.conformance.examples import changed
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject
from modelscan.testing.conformance.samples import FIELDS, REQUESTS
from modelscan.testing.conformance.suite import counts_for, not_declared

Schemas = Callable[[], Mapping[str, Mapping[str, Any]]]


class SchemaTests(Fixtures):
    """`schemas` gives the vendor's JSON Schema of the request's body for each capability that it has one for."""

    schemas: ClassVar[Schemas | None] = None

    @counts_for("silver", is_evidence=True)
    def test_requests_fit_the_vendor_s_schema(self, subject: Subject) -> None:
        """The samples, and each field that the provider takes."""
        given = type(self).schemas
        if given is None:
            not_declared("the suite has no schema of the vendor's (`schemas`)")
        jsonschema = pytest.importorskip("jsonschema")
        assert given is not None
        tried = 0
        for capability, schema in given().items():
            validator = jsonschema.Draft202012Validator(schema)
            for name, request in _requests(subject, capability):
                assert isinstance(request.body, bytes), f"{name} has no JSON body"
                wrong = next(validator.iter_errors(msgspec.json.decode(request.body)), None)
                told = f"{wrong.json_path}: {wrong.message[:300]}" if wrong is not None else ""
                assert wrong is None, f"{name} isn't what the vendor's schema says, at {told}"
                tried += 1
        assert tried, "the vendor's schemas are of nothing that the provider does"


def _requests(subject: Subject, capability: str) -> Iterator[tuple[str, HttpRequest]]:
    operation = getattr(subject.provider, capability)
    ways = [operation.encode, *([operation.encode_stream] if isinstance(operation, StreamingOperation) else [])]
    fields = {name: both for name, both in FIELDS.get(capability, {}).items() if name != "extra"}
    for field, (beside, value) in {"nothing else": ({}, {}), **fields}.items():
        for encode in ways:
            request: Any = changed(REQUESTS[capability], **{**beside, **value})
            try:
                yield f"{capability} with {field}", encode(request, subject.target)
            except InvalidRequestError:
                continue
