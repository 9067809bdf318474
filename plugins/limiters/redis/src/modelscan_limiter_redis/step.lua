-- One step of one account's quotas: a list of operations in order, over state that all processes share.
--
-- KEYS[1] is the beginning of the names of all keys of the account; it holds their hash tag, so all lie on one node.
--   h          sorted set: who holds leases, by the moment at which they must have been heard of again
--   l:HOLDER   hash: a holder's leases by number, each {is_dated, quota, amount, date, quota, amount, date, ...}
--   q:QUOTA    hash: kind, window, used, open (the part whose worth isn't known yet), start and end of the calendar
--              period, by their first letters; "@DATE" = amount for all that is dated; foreign: what the provider
--              counts beyond that, and until when; before: whoever was overtaken too often, the amount that is set
--              aside for them, and until when
--   d:QUOTA    sorted set: the dates of q:QUOTA, oldest first
--   g          hash: gates, with the moment until which each is shut
--   m          what this state is called; another name after it was lost
-- ARGV[1] is {holder, ttl, is_sent_again, name, quotas, operations} in MessagePack, the answer {now, name, processes,
-- answers, used and open of each quota, quotas of which something came back}.
--
-- All moments are microseconds of the server's clock, all amounts whole numbers. Lua counts in doubles, exact up to
-- 2^53: the client lets no larger amount through, and numbers become text only by `text`.

local base = KEYS[1]
local holder, ttl, is_again, name, given, operations = unpack(cmsgpack.unpack(ARGV[1]))
local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]

local BUCKETS = 256          -- so many dates of a rate are kept apart
local CHUNK = 64
local DAY = 86400000         -- ms
local KEPT = 3 * DAY         -- of what belongs to a lease
local MONTH = 32 * DAY
local PRECEDENCE = 6000000   -- longer than whoever goes before waits until it asks again
local SOON = 1000000         -- nobody tells when another program's call ends

local holders, gates_key = base .. 'h', base .. 'g'
local quotas, loaded, freed = {}, {}, {}
local has_freed = false

local function text(number)
  return string.format('%.0f', number)
end

-- Quotas --------------------------------------------------------------------------------------------------------------

local function know_foreign(q, amount, ends, keepers)
  q.used = q.used + amount - q.foreign
  q.foreign, q.foreign_ends, q.keepers = amount, ends, keepers
  if amount > 0 then
    call('HSET', q.key, 'f', cmsgpack.pack({amount, ends, keepers or false}))
  else
    call('HDEL', q.key, 'f')
  end
end

local function expire(q)
  if q.foreign > 0 and q.foreign_ends < now then know_foreign(q, 0, 0) end
  if q.kind == 'calendar' then
    if q.ends > 0 and now >= q.ends then
      q.used, q.starts, q.ends = q.open, q.ends, 0  -- what is under way counts on both sides
    end
    return
  end
  if q.kind == 'gauge' then return end
  local gone = call('ZRANGEBYSCORE', q.dates, '-inf', '(' .. text(now - q.window))
  if #gone == 0 then return end
  for i = 1, #gone do gone[i] = '@' .. gone[i] end
  local amounts = call('HMGET', q.key, unpack(gone))
  for i = 1, #gone do q.used = q.used - (tonumber(amounts[i]) or 0) end
  call('HDEL', q.key, unpack(gone))
  call('ZREMRANGEBYSCORE', q.dates, '-inf', '(' .. text(now - q.window))
end

local function quota(id)
  local q = quotas[id]
  if q then return q end
  local key = base .. 'q:' .. id
  local found = call('HMGET', key, 'k', 'w', 'u', 'o', 's', 'e', 'b', 'f')
  q = {
    id = id, key = key, dates = base .. 'd:' .. id, kind = found[1], window = tonumber(found[2]) or 0,
    used = tonumber(found[3]) or 0, open = tonumber(found[4]) or 0,
    starts = tonumber(found[5]) or 0, ends = tonumber(found[6]) or 0, foreign = 0, foreign_ends = 0,
  }
  if found[8] then q.foreign, q.foreign_ends, q.keepers = unpack(cmsgpack.unpack(found[8])) end
  if found[7] then
    q.before = cmsgpack.unpack(found[7])
    if q.before[3] < now then
      q.before = nil
      call('HDEL', key, 'b')
    end
  end
  if q.kind then expire(q) end
  quotas[id] = q
  loaded[#loaded + 1] = q
  return q
end

-- Writes down what came into it during this step: many amounts of one date are one.
local function flush(q)
  local news = q.news
  if not news then return end
  q.news, q.size = nil, nil
  local dates = {}
  for member, amount in pairs(news) do
    call('HINCRBY', q.key, '@' .. member, text(amount))
    dates[#dates + 1], dates[#dates + 2] = member, member
  end
  call('ZADD', q.dates, unpack(dates))
end

local function save(q)
  if not q.kind then return end
  flush(q)
  call('HSET', q.key, 'k', q.kind, 'w', text(q.window), 'u', text(q.used), 'o', text(q.open), 's', text(q.starts),
    'e', text(q.ends))
  local lives = q.window / 1000 + 60000
  if q.kind == 'calendar' then
    lives = q.ends > 0 and (q.ends - now) / 1000 + 60000 or MONTH
    if q.starts == 0 and q.ends == 0 then  -- a total never resets
      call('PERSIST', q.key)
      return
    end
  elseif q.kind == 'gauge' and q.used > 0 then
    lives = DAY
  end
  if q.open > 0 then lives = math.max(lives, KEPT) end
  call('PEXPIRE', q.key, text(lives))
  call('PEXPIRE', q.dates, text(lives))
end

local function comes_back(q)
  has_freed = true
  freed[q.id] = true
end

local function change(q, date, amount)
  local member = text(date)
  q.news = q.news or {}
  if q.size and not q.news[member] then q.size = q.size + 1 end
  q.news[member] = (q.news[member] or 0) + amount
end

-- Puts a dated amount into a rate: the date under which it is kept, 0 if it is over.
local function enter(q, date, amount)
  if date + q.window < now then return 0 end
  q.size = q.size or call('ZCARD', q.dates)
  if q.size >= BUCKETS then  -- it joins a bucket, which ages from its end
    local width = math.max(1, math.floor(q.window / BUCKETS))
    date = math.ceil(date / width) * width
  end
  change(q, date, amount)
  return date
end

-- The moment at which so much of what is dated, and of what is foreign, will have come back; nil where that isn't enough.
local function comes_back_at(q, amount)
  flush(q)
  local from, owed = 0, q.foreign
  while true do
    local dates = call('ZRANGE', q.dates, from, from + CHUNK - 1)
    if #dates == 0 then return owed > 0 and owed >= amount and q.foreign_ends + 1 or nil end
    local fields = {}
    for i = 1, #dates do fields[i] = '@' .. dates[i] end
    local amounts = call('HMGET', q.key, unpack(fields))
    for i = 1, #dates do
      local leaves = tonumber(dates[i]) + q.window
      if owed > 0 and q.foreign_ends <= leaves then
        amount, owed = amount - owed, 0
        if amount <= 0 then return q.foreign_ends + 1 end
      end
      amount = amount - (tonumber(amounts[i]) or 0)
      if amount <= 0 then return leaves + 1 end
    end
    from = from + CHUNK
  end
end

-- Specifications: {quota, kind, amount, window, blocks, is_money, start, end} ------------------------------------------

local specs = {}
for i, s in ipairs(given) do
  local q = quota(s[1])
  local spec = {q = q, amount = s[3], blocks = s[5], is_money = s[6], starts = s[7], ends = s[8]}
  if q.kind and q.kind ~= s[2] then
    call('DEL', q.key, q.dates)
    q.used, q.open, q.starts, q.ends, q.foreign = 0, 0, 0, 0, 0
  end
  q.kind, q.window = s[2], s[4]
  if q.kind == 'calendar' then
    if spec.ends > 0 and (now < spec.starts or now >= spec.ends) then
      spec.is_stale = true  -- the client reckoned with another moment than ours
    elseif spec.starts > q.starts then
      q.used, q.starts, q.ends = q.open, spec.starts, spec.ends
    elseif spec.starts == q.starts then
      q.ends = spec.ends
    end
  end
  specs[i] = spec
end

-- Gates ---------------------------------------------------------------------------------------------------------------

local gates
local function shut_until(gate)
  if not gates then
    gates = {}
    local found = call('HGETALL', gates_key)
    for i = 1, #found, 2 do
      local opens = tonumber(found[i + 1])
      if opens > now then gates[found[i]] = opens else call('HDEL', gates_key, found[i]) end
    end
  end
  return gates[gate] or 0
end

local leases = {}  -- those of this step: they are written down at its end

-- Reserving -----------------------------------------------------------------------------------------------------------

-- When the first holder is overdue, should it be dead.
local function next_reaping()
  local first = call('ZRANGE', holders, 0, 0, 'WITHSCORES')
  return math.max(1000, (tonumber(first[2]) or now) - now + 1)
end

-- What is kept back for a while.
local function kept(q)
  return q.keepers and q.foreign or 0
end

-- What is set aside for somebody else.
local function aside(spec, me)
  local before = spec.q.before
  return before and before[1] ~= me and before[2] or 0
end

-- How long until a claim may fit, as things stand and at the very least (should all leases under way be given back, and
-- whoever goes before give up): -1 for never.
local function waits(spec, amount, set_aside)
  local q = spec.q
  local over = q.used + amount - spec.amount
  local least = over - q.open
  over = over + set_aside
  if q.kind == 'calendar' then
    local resets = q.ends > 0 and q.ends - now or nil
    local back = kept(q)
    if least <= back then
      local ends = back > 0 and q.foreign_ends - now + 1 or math.huge
      return math.min(next_reaping(), resets or math.huge, ends), 0
    end
    if not resets then return -1, -1 end
    return resets, resets
  end
  local soonest = 0
  if least > 0 then soonest = (comes_back_at(q, least) or now) - now end
  local at = comes_back_at(q, over)
  if at then return at - now, soonest end
  return q.kind == 'rate' and q.window or next_reaping(), soonest
end

-- 1 where all fits; else {why, place of the claim, wait, shortest wait}; `short` where only budgets, held by calls under
-- way, are in the way.
local function room(claims, needed_gates, me)
  local wait, least, which, why = 0, 0, -1, 'short'
  for _, gate in ipairs(needed_gates) do
    local opens = shut_until(gate)
    if opens > now and opens - now > wait then wait, least, why = opens - now, opens - now, 'wait' end
  end
  for i = 1, #claims, 2 do
    local spec, amount = specs[claims[i] + 1], claims[i + 1]
    local place = (i - 1) / 2
    if spec.is_stale then return {'stale', place, 0, 0} end
    local q = spec.q
    local set_aside = aside(spec, me)
    if spec.blocks and q.used + amount + set_aside > spec.amount then
      local left = spec.amount - q.used + q.open + kept(q)
      if spec.is_money and amount > left then
        return {'budget', place, math.max(0, left), 0}
      end
      local mine, soonest = waits(spec, amount, set_aside)
      if mine < 0 then return {'never', place, 0, 0} end
      if not spec.is_money then why = 'wait' end
      if mine > wait or which < 0 then which = place end
      wait, least = math.max(wait, mine), math.max(least, soonest)
    end
  end
  if wait > 0 then return {why, which, wait, least} end
  return 1
end

local function take(number, claims)
  local lease = {0}
  for i = 1, #claims, 2 do
    local q, amount = specs[claims[i] + 1].q, claims[i + 1]
    q.used, q.open = q.used + amount, q.open + amount
    lease[#lease + 1], lease[#lease + 2], lease[#lease + 3] = q.id, amount, 0
  end
  leases[holder .. ':' .. text(number)] = {lease = lease, who = holder, field = text(number), is_new = true}
end

local function is_known(number)
  return is_again == 1 and call('HEXISTS', base .. 'l:' .. holder, text(number)) == 1
end

-- Ends of leases ------------------------------------------------------------------------------------------------------

local function lease_of(who, number)
  local field = text(number)
  local kept = leases[who .. ':' .. field]
  if not kept then
    local found = call('HGET', base .. 'l:' .. who, field)
    if not found then return nil end
    kept = {lease = cmsgpack.unpack(found), who = who, field = field}
    leases[who .. ':' .. field] = kept
  end
  return kept.lease and kept
end

local function date(lease, at)
  for i = 2, #lease, 3 do
    local q = quota(lease[i])
    if q.kind == 'rate' then
      lease[i + 2] = enter(q, at, lease[i + 1])
      if lease[i + 2] == 0 then q.used = q.used - lease[i + 1] end
    end
  end
  lease[1] = 1
end

-- `worth` has an amount for each claim, or is 0 for all; without it each was worth what was reserved.
local function finish(lease, at, worth)
  for i = 2, #lease, 3 do
    local q, amount, kept = quota(lease[i]), lease[i + 1], lease[i + 2]
    local is = worth == 0 and 0 or worth and worth[(i + 1) / 3] or amount
    local before = q.used
    q.open = math.max(0, q.open - amount)
    if q.kind == 'gauge' then
      q.used = math.max(0, q.used - amount)
    elseif q.kind == 'calendar' then
      q.used = math.max(0, q.used + is - amount)
    elseif q.kind == 'rate' and lease[1] == 0 then
      kept = is > 0 and enter(q, at, is) or 0
      q.used = math.max(0, q.used - amount + (kept > 0 and is or 0))
    elseif q.kind == 'rate' and kept > 0 and kept + q.window >= now and is ~= amount then
      change(q, kept, is - amount)
      q.used = q.used + is - amount
    end
    if q.used < before or (q.kind == 'calendar' and amount > 0) then comes_back(q) end
  end
end

local function forget(kept)
  local who = kept.who
  kept.lease, kept.is_changed = nil, false
  if not kept.is_new then call('HDEL', base .. 'l:' .. who, kept.field) end
  if string.sub(who, 1, 2) == 'd:' then call('ZREM', holders, who) end
end

-- A holder that wasn't heard of in time: its gauges are free, its rates are dated at that moment, as reserved.
local function reap(who, overdue)
  local key = base .. 'l:' .. who
  local leases = call('HVALS', key)
  for i = 1, #leases do finish(cmsgpack.unpack(leases[i]), overdue) end
  call('DEL', key)
  call('ZREM', holders, who)
end

local overdue = call('ZRANGEBYSCORE', holders, '-inf', '(' .. text(now), 'WITHSCORES', 'LIMIT', 0, 16)
for i = 1, #overdue, 2 do reap(overdue[i], tonumber(overdue[i + 1])) end

-- Operations ----------------------------------------------------------------------------------------------------------

-- Sets aside what is claimed, of all quotas or of none: so whoever goes before waits for nobody who does.
local function go_before(claims, me)
  for i = 1, #claims, 2 do
    if aside(specs[claims[i] + 1], me) > 0 then return end
  end
  for i = 1, #claims, 2 do
    local spec = specs[claims[i] + 1]
    if spec.blocks and not spec.is_money and claims[i + 1] > 0 then
      spec.q.before = {me, claims[i + 1], now + PRECEDENCE}
      call('HSET', spec.q.key, 'b', cmsgpack.pack(spec.q.before))
    end
  end
end

local function give_way(claims, me)
  for i = 1, #claims, 2 do
    local q = specs[claims[i] + 1].q
    if q.before and q.before[1] == me then
      q.before = nil
      call('HDEL', q.key, 'b')
      comes_back(q)
    end
  end
end

local is_parting, touches = false, false
local blocked = {}
local perform = {}

-- {'r', number, line, claims, gates, is_overtaken}: a lease, unless somebody before in the same line has to wait. Whoever
-- was overtaken too often goes before all others of its quotas.
function perform.r(op)
  if is_known(op[2]) then return 1 end
  if blocked[op[3]] then return {'behind', -1, 0, 0} end
  local me = holder .. ':' .. text(op[2])
  local found = room(op[4], op[5], me)
  if found == 1 then
    take(op[2], op[4])
    touches = true
    give_way(op[4], me)
  elseif found[1] == 'wait' then
    blocked[op[3]] = true
    if op[6] then go_before(op[4], me) end
  end
  return found
end

-- {'u', number, claims}: who was overtaken waits no more.
function perform.u(op)
  give_way(op[3], holder .. ':' .. text(op[2]))
  return 1
end

-- {'R', number, claims}: a lease that was granted while we weren't there.
function perform.R(op)
  if not is_known(op[2]) then take(op[2], op[3]) end
  touches = true
  return 1
end

-- {'a', holder, number, age}: the head is here, since `age`.
function perform.a(op)
  local kept = lease_of(op[2], op[3])
  if not kept or kept.lease[1] == 1 then return 0 end
  date(kept.lease, now - op[4])
  kept.is_changed = true
  return 1
end

-- {'s', holder, number, age, amounts}: it is over, and was worth so much (without amounts: what was reserved).
-- Who isn't the lease's holder any more finds none.
function perform.s(op)
  local kept = lease_of(op[2], op[3])
  if not kept then return 0 end
  finish(kept.lease, now - op[4], op[5] or nil)
  forget(kept)
  return 1
end

-- {'x', holder, number}: nothing was sent.
function perform.x(op)
  local kept = lease_of(op[2], op[3])
  if not kept then return 0 end
  finish(kept.lease, now, 0)
  forget(kept)
  return 1
end

-- {'d', number, new holder, ttl}: the lease goes on under another name.
function perform.d(op)
  local kept = lease_of(holder, op[2])
  if not kept then return 0 end
  call('HSET', base .. 'l:' .. op[3], text(op[2]), cmsgpack.pack(kept.lease))
  forget(kept)
  call('PEXPIRE', base .. 'l:' .. op[3], text(op[4] / 1000 + KEPT))
  call('ZADD', holders, text(now + op[4]), op[3])
  return 1
end

-- {'p', gate, for how long}
function perform.p(op)
  local opens = math.max(now + op[3], shut_until(op[2]))
  gates[op[2]] = opens
  call('HSET', gates_key, op[2], text(opens))
  call('PEXPIRE', gates_key, text(math.max((opens - now) / 1000, call('PTTL', gates_key)) + 1000))
  return 1
end

-- {'o', quota, used, until its reset or -1, is_settled}: the provider counts so much as taken. It may say less than it
-- last did only while nothing is under way that it may not know of. `is_settled`: so much was settled before we lost our
-- memory, beside what is under way.
function perform.o(op)
  local q, used, reset = specs[op[2] + 1].q, op[3], op[4]
  if op[5] then
    local more = used + q.open + kept(q) - q.used
    if more > 0 and q.kind == 'rate' and enter(q, now + reset - q.window, more) > 0 or q.kind == 'calendar' then
      q.used = q.used + math.max(0, more)
    end
    return 1
  end
  if q.kind == 'calendar' then
    q.used = math.max(q.used, used)
  elseif q.kind == 'gauge' then
    if used > q.used then know_foreign(q, q.foreign + used - q.used, now + (reset < 0 and SOON or reset)) end
  else
    local more = math.max(0, used - q.used + q.foreign)
    if more < q.foreign then
      if q.open > 0 then return 0 end
      comes_back(q)
    end
    know_foreign(q, more, now + (reset < 0 and q.window or math.min(reset, q.window)))
  end
  return 1
end

-- {'k', quota, share, what is others', for how long}: they may have taken it, and will tell when they come back. For
-- whoever is back nothing is kept any more.
function perform.k(op)
  local q = specs[op[2] + 1].q
  local keepers = q.keepers or {}
  for _, who in ipairs(keepers) do
    if who == holder then keepers = nil break end
  end
  if q.keepers and keepers then
    keepers[#keepers + 1] = holder
    know_foreign(q, math.max(0, q.foreign - op[3]), q.foreign_ends, keepers)
    comes_back(q)
  elseif op[4] > q.foreign then
    know_foreign(q, op[4], now + op[5], q.keepers or {holder})
  end
  return 1
end

-- {'e', quota, amount, age}: so much was taken, `age` ago, while we weren't there.
function perform.e(op)
  local q, at = specs[op[2] + 1].q, now - op[4]
  local counts = q.kind == 'calendar' and at >= q.starts or q.kind == 'rate' and enter(q, at, op[3]) > 0
  if counts then q.used = q.used + op[3] end
  return 1
end

-- {'w', claims, gates}: whether it would fit, or how long that takes.
function perform.w(op)
  return room(op[2], op[3], '')
end

-- {'q', quota}: {used, open, until something comes back by itself or -1}.
function perform.q(op)
  local q = specs[op[2] + 1].q
  flush(q)
  if q.kind == 'calendar' then return {q.used, q.open, q.ends > 0 and q.ends - now or -1} end
  local first = call('ZRANGE', q.dates, 0, 0)
  local soonest = first[1] and first[1] + q.window or math.huge
  if q.foreign > 0 then soonest = math.min(soonest, q.foreign_ends) end
  return {q.used, q.open, soonest < math.huge and math.max(0, soonest - now) or -1}
end

-- {'h'}: still here.
function perform.h()
  call('PEXPIRE', base .. 'm', MONTH)
  touches = true
  return 1
end

-- {'b'}: gone.
function perform.b()
  is_parting = true
  return 1
end

local answers = {}
for i, op in ipairs(operations) do answers[i] = perform[op[1]](op) end

for _, q in ipairs(loaded) do save(q) end
local fields = {}
for _, kept in pairs(leases) do
  if kept.lease and kept.who == holder and (kept.is_new or kept.is_changed) then
    fields[#fields + 1], fields[#fields + 2] = kept.field, cmsgpack.pack(kept.lease)
  elseif kept.lease and kept.is_changed then
    call('HSET', base .. 'l:' .. kept.who, kept.field, cmsgpack.pack(kept.lease))
  end
end
if #fields > 0 then call('HSET', base .. 'l:' .. holder, unpack(fields)) end
if not is_parting or call('EXISTS', base .. 'l:' .. holder) == 1 then
  call('ZADD', holders, text(now + ttl), holder)
  call('PEXPIRE', holders, KEPT + DAY)
  if touches then call('PEXPIRE', base .. 'l:' .. holder, KEPT) end
else
  call('ZREM', holders, holder)
end

local known = call('GET', base .. 'm')
if not known then
  call('SET', base .. 'm', name, 'PX', MONTH)
  known = name
end

local used, open, back = {}, {}, {}
for i, spec in ipairs(specs) do used[i], open[i] = spec.q.used - kept(spec.q), spec.q.open end
if has_freed then
  for id in pairs(freed) do back[#back + 1] = id end
  call('PUBLISH', base .. 'w', cmsgpack.pack({holder, back}))
end
local processes = call('ZCOUNT', holders, '-inf', text(now + DAY * 1000 / 24))
return cmsgpack.pack({now, known, processes, answers, used, open, back})
