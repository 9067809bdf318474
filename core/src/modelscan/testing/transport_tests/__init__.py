"""The tests of the transport suite, one module per subject."""

import pytest

# A failed assertion shows its values only in modules that pytest knows of before they are imported.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{part}"
        for part in ("answers", "cancellation", "connections", "environment", "failures", "requests", "websockets")
    )
)
