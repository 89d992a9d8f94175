-- For each of several writes: applies all of its changes, or none when any expectation does not hold.
-- KEYS, of each write: fields, marks, notes, leases, versions of what was removed lately.
-- ARGV, of each write: number of changes; per change: field, expected version ('-' absent, '*' any), new value ('' removes),
--       1 = its note stays; then the field and the holder of the claim that it finishes, '' = none.
-- A stored value begins with its version, 8 bytes big-endian. Answers for each 1 = stored, 0 = moved.
local function holds(values, first, count)
  for i = first, first + 4 * (count - 1), 4 do
    local expected = ARGV[i + 1]
    if expected ~= '*' then
      local stored = values[ARGV[i]]
      local found = stored and string.sub(stored, 1, 8) or '-'
      if found ~= expected then return false end
    end
  end
  return true
end

local function apply(marks, notes, removed, before, first, count)
  for i = first, first + 4 * (count - 1), 4 do
    -- A note belongs to the version that was.
    if ARGV[i + 3] ~= '1' then redis.call('HDEL', notes, ARGV[i]) end
    if ARGV[i + 2] == '' then
      redis.call('HDEL', marks, ARGV[i])
      if before[ARGV[i]] then note_removed(removed, ARGV[i], string.sub(before[ARGV[i]], 1, 8)) end
    end
  end
end

local function finish(leases, field, holder)
  if field == '' then return end
  -- A lease is '{end, epoch ms}:{holder}'.
  local lease = redis.call('HGET', leases, field)
  if lease and string.match(lease, '^%d+:(.*)$') == holder then redis.call('HDEL', leases, field) end
end

local answers = {}
local at = 1
for k = 1, #KEYS, 5 do
  local first, count = at + 1, tonumber(ARGV[at])
  at = first + 4 * count + 2
  local names, values = read_fields(KEYS[k])
  local stored = holds(values, first, count)
  if stored then
    local before, shrinks = {}, true
    for i = first, first + 4 * (count - 1), 4 do
      before[ARGV[i]] = values[ARGV[i]]
      if ARGV[i + 2] ~= '' then shrinks = false end
      set_field(names, values, ARGV[i], ARGV[i + 2])
    end
    -- It comes first: a Redis without memory refuses it where it adds something, and then nothing has been changed.
    write_fields(KEYS[k], names, values, shrinks)
    apply(KEYS[k + 1], KEYS[k + 2], KEYS[k + 4], before, first, count)
    finish(KEYS[k + 3], ARGV[at - 2], ARGV[at - 1])
  end
  answers[#answers + 1] = stored and 1 or 0
end
return answers
