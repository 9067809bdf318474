"""The second version of the catalog's file: prices that change are kept, by triggers, whoever writes and with what.

A row goes to `pricing_history` as it was before it is updated or deleted. `INSERT OR REPLACE` and `UPDATE OR REPLACE`
delete the row in their way without telling a trigger of it, so that is looked for before. Where such a statement then
does nothing after all (`OR IGNORE`), the history has a row that says the same as what went on to hold: it does no harm.
The history itself can't be changed.

`held_until` is the day on which the price ceased to hold: as far as either row tells, else that of the change;
`first_recorded` is since when the catalog had it.
"""

from __future__ import annotations

from typing import Final

SECOND: Final = """
CREATE TABLE pricing_history (
    id INTEGER PRIMARY KEY,
    reason TEXT NOT NULL CHECK (reason IN ('updated', 'deleted', 'replaced')),
    held_until TEXT NOT NULL,
    first_recorded TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    price_id INTEGER,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    input_tokens TEXT,
    output_tokens TEXT,
    cached_tokens TEXT,
    cache_write_tokens TEXT,
    reasoning_tokens TEXT,
    audio_input_tokens TEXT,
    audio_output_tokens TEXT,
    other_units TEXT NOT NULL,
    per INTEGER NOT NULL,
    currency TEXT NOT NULL,
    minimum TEXT NOT NULL,
    step TEXT NOT NULL,
    valid_from TEXT,
    valid_until TEXT,
    hours TEXT NOT NULL,
    above TEXT NOT NULL,
    tier TEXT NOT NULL,
    region TEXT NOT NULL,
    conditions TEXT NOT NULL,
    factor TEXT,
    included_unit TEXT,
    included_amount TEXT,
    included_period TEXT,
    included_group TEXT NOT NULL,
    plan TEXT NOT NULL,
    overage TEXT,
    note TEXT NOT NULL,
    source TEXT NOT NULL,
    source_url TEXT NOT NULL,
    trust TEXT NOT NULL,
    last_verified TEXT NOT NULL,
    last_updated TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    origin TEXT NOT NULL
) STRICT;

CREATE INDEX pricing_history_by_model ON pricing_history (provider, model, key, ended_at);

CREATE VIEW ending_prices AS
SELECT
    coalesce(
        (SELECT max(h.ended_at, p.recorded_at) FROM pricing_history AS h
         WHERE h.provider = p.provider AND h.model = p.model AND h.key = p.key ORDER BY h.ended_at DESC LIMIT 1),
        p.recorded_at
    ) AS first_recorded,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS ended_at,
    p.*
FROM provider_pricing AS p;

CREATE TRIGGER price_is_updated BEFORE UPDATE ON provider_pricing
WHEN (OLD.provider, OLD.model, OLD.key, OLD.kind, OLD.input_tokens, OLD.output_tokens, OLD.cached_tokens,
      OLD.cache_write_tokens, OLD.reasoning_tokens, OLD.audio_input_tokens, OLD.audio_output_tokens, OLD.other_units,
      OLD.per, OLD.currency, OLD.minimum, OLD.step, OLD.valid_from, OLD.valid_until, OLD.hours, OLD.above, OLD.tier,
      OLD.region, OLD.conditions, OLD.factor, OLD.included_unit, OLD.included_amount, OLD.included_period,
      OLD.included_group, OLD.plan, OLD.overage)
  IS NOT
     (NEW.provider, NEW.model, NEW.key, NEW.kind, NEW.input_tokens, NEW.output_tokens, NEW.cached_tokens,
      NEW.cache_write_tokens, NEW.reasoning_tokens, NEW.audio_input_tokens, NEW.audio_output_tokens, NEW.other_units,
      NEW.per, NEW.currency, NEW.minimum, NEW.step, NEW.valid_from, NEW.valid_until, NEW.hours, NEW.above, NEW.tier,
      NEW.region, NEW.conditions, NEW.factor, NEW.included_unit, NEW.included_amount, NEW.included_period,
      NEW.included_group, NEW.plan, NEW.overage)
BEGIN
    INSERT INTO pricing_history
    SELECT NULL, iif(e.id = OLD.id, 'updated', 'replaced'),
           min(coalesce(e.valid_until, date('now')), coalesce(NEW.valid_until, date('now')),
               iif(NEW.valid_from > coalesce(e.valid_from, ''), NEW.valid_from, date('now'))), e.*
    FROM ending_prices AS e
    WHERE e.id = OLD.id
       OR (e.id <> OLD.id
           AND (e.id = NEW.id OR (e.provider = NEW.provider AND e.model = NEW.model AND e.key = NEW.key)));
END;

CREATE TRIGGER price_is_deleted BEFORE DELETE ON provider_pricing
BEGIN
    INSERT INTO pricing_history
    SELECT NULL, 'deleted', min(coalesce(e.valid_until, date('now')), date('now')), e.*
    FROM ending_prices AS e WHERE e.id = OLD.id;
END;

CREATE TRIGGER price_is_replaced BEFORE INSERT ON provider_pricing
BEGIN
    INSERT INTO pricing_history
    SELECT NULL, 'replaced',
           min(coalesce(e.valid_until, date('now')), coalesce(NEW.valid_until, date('now')),
               iif(NEW.valid_from > coalesce(e.valid_from, ''), NEW.valid_from, date('now'))), e.*
    FROM ending_prices AS e
    WHERE e.id = NEW.id OR (e.provider = NEW.provider AND e.model = NEW.model AND e.key = NEW.key);
END;

CREATE TRIGGER history_is_not_updated BEFORE UPDATE ON pricing_history
BEGIN
    SELECT raise(ABORT, 'the history of prices is never changed');
END;

CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON pricing_history
BEGIN
    SELECT raise(ABORT, 'the history of prices is never changed');
END;
"""
