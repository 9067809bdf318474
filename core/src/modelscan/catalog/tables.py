"""The catalog's tables, as the first version of its file has them.

What a version has made is never edited here: a change is a further migration. Amounts are exact, so they are text (of a
limit a whole number where it is one); lists and mappings are JSON. `key` is what tells a row from its neighbours, so
that the next import finds the same limit or price again. `origin` is `package` for what an import wrote (it may change
it again) and `user` for what somebody put there (no import touches it). `ended_at` marks what the provider no longer
has: such rows stay.
"""

from __future__ import annotations

from typing import Final

TABLES: Final = (
    "providers",
    "models",
    "aliases",
    "plan_metadata",
    "rate_limits",
    "provider_pricing",
    "pricing_history",
    "validation_runs",
)
"""In the order in which one needs the other."""

FIRST: Final = """
CREATE TABLE providers (
    provider TEXT PRIMARY KEY,
    title TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    seen TEXT NOT NULL DEFAULT '{}',
    metadata TEXT NOT NULL DEFAULT '{}',
    last_verified TEXT NOT NULL DEFAULT '',
    last_updated TEXT NOT NULL,
    origin TEXT NOT NULL DEFAULT 'user'
) STRICT;

CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL DEFAULT '',
    family TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'available',
    capabilities TEXT NOT NULL DEFAULT '[]',
    features TEXT NOT NULL DEFAULT '[]',
    input TEXT NOT NULL DEFAULT '[]',
    output TEXT NOT NULL DEFAULT '[]',
    context_tokens INTEGER,
    usable_context_tokens INTEGER,
    max_input_tokens INTEGER,
    max_output_tokens INTEGER,
    cache_min_tokens INTEGER,
    dimensions INTEGER,
    released TEXT,
    retires TEXT,
    knowledge TEXT,
    regions TEXT NOT NULL DEFAULT '[]',
    endpoints TEXT NOT NULL DEFAULT '[]',
    metadata TEXT NOT NULL DEFAULT '{}',
    source TEXT NOT NULL DEFAULT '',
    source_url TEXT NOT NULL DEFAULT '',
    trust TEXT NOT NULL DEFAULT 'unverified',
    last_verified TEXT NOT NULL DEFAULT '',
    last_updated TEXT NOT NULL,
    origin TEXT NOT NULL DEFAULT 'user',
    ended_at TEXT,
    has_tools INTEGER AS (features LIKE '%"tools"%' OR features LIKE '%"function_calling"%') VIRTUAL,
    has_schema INTEGER AS (features LIKE '%schema"%' OR features LIKE '%"structured_output%') VIRTUAL,
    has_reasoning INTEGER AS (features LIKE '%"reasoning"%' OR features LIKE '%"thinking"%') VIRTUAL,
    UNIQUE (provider, model)
) STRICT;

CREATE TABLE aliases (
    provider TEXT NOT NULL,
    alias TEXT NOT NULL,
    model TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (provider, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_metadata (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    plan TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL DEFAULT '',
    about TEXT NOT NULL DEFAULT '',
    is_default INTEGER NOT NULL DEFAULT 0,
    is_free INTEGER NOT NULL DEFAULT 0,
    monthly TEXT,
    currency TEXT NOT NULL DEFAULT 'USD',
    regions TEXT NOT NULL DEFAULT '[]',
    source TEXT NOT NULL DEFAULT '',
    source_url TEXT NOT NULL DEFAULT '',
    trust TEXT NOT NULL DEFAULT 'unverified',
    last_verified TEXT NOT NULL DEFAULT '',
    last_updated TEXT NOT NULL,
    origin TEXT NOT NULL DEFAULT 'user',
    ended_at TEXT,
    UNIQUE (provider, plan)
) STRICT;

CREATE TABLE rate_limits (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    plan TEXT NOT NULL,
    key TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    limit_type TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('rate', 'gauge', 'calendar')),
    unit TEXT NOT NULL,
    value ANY,
    burst ANY,
    window_s ANY,
    period TEXT,
    zone TEXT NOT NULL DEFAULT 'UTC',
    anchor TEXT NOT NULL DEFAULT '',
    scope TEXT NOT NULL DEFAULT '["account"]',
    model_group TEXT NOT NULL DEFAULT '[]',
    is_shared INTEGER NOT NULL DEFAULT 0,
    endpoints TEXT NOT NULL DEFAULT '[]',
    region TEXT NOT NULL DEFAULT '',
    counts TEXT NOT NULL DEFAULT '{}',
    admission TEXT NOT NULL DEFAULT 'used' CHECK (admission IN ('used', 'asked')),
    metadata TEXT NOT NULL DEFAULT '{}',
    note TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    source_url TEXT NOT NULL DEFAULT '',
    trust TEXT NOT NULL DEFAULT 'unverified',
    last_verified TEXT NOT NULL DEFAULT '',
    last_updated TEXT NOT NULL,
    origin TEXT NOT NULL DEFAULT 'user',
    ended_at TEXT,
    UNIQUE (provider, plan, key)
) STRICT;

CREATE TABLE provider_pricing (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    key TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    kind TEXT NOT NULL CHECK (kind IN ('price', 'factor', 'free')),
    input_tokens TEXT,
    output_tokens TEXT,
    cached_tokens TEXT,
    cache_write_tokens TEXT,
    reasoning_tokens TEXT,
    audio_input_tokens TEXT,
    audio_output_tokens TEXT,
    other_units TEXT NOT NULL DEFAULT '{}',
    per INTEGER NOT NULL DEFAULT 1,
    currency TEXT NOT NULL DEFAULT 'USD',
    minimum TEXT NOT NULL DEFAULT '{}',
    step TEXT NOT NULL DEFAULT '{}',
    valid_from TEXT,
    valid_until TEXT,
    hours TEXT NOT NULL DEFAULT '[]',
    above TEXT NOT NULL DEFAULT '{}',
    tier TEXT NOT NULL DEFAULT '',
    region TEXT NOT NULL DEFAULT '',
    conditions TEXT NOT NULL DEFAULT '{}',
    factor TEXT,
    included_unit TEXT,
    included_amount TEXT,
    included_period TEXT,
    included_group TEXT NOT NULL DEFAULT '',
    plan TEXT NOT NULL DEFAULT '',
    overage TEXT,
    note TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    source_url TEXT NOT NULL DEFAULT '',
    trust TEXT NOT NULL DEFAULT 'unverified',
    last_verified TEXT NOT NULL DEFAULT '',
    last_updated TEXT NOT NULL,
    recorded_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    origin TEXT NOT NULL DEFAULT 'user',
    UNIQUE (provider, model, key)
) STRICT;

CREATE INDEX models_in_order ON models (provider, position);
CREATE INDEX limits_in_order ON rate_limits (provider, plan, position);
CREATE INDEX prices_in_order ON provider_pricing (provider, model, position);

CREATE TABLE validation_runs (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'changed', 'failed')),
    source TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL,
    checked INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    problems TEXT NOT NULL DEFAULT '[]',
    metadata TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE INDEX validation_runs_by_provider ON validation_runs (provider, id);
"""
