-- Applies all changes, or none when any expectation does not hold.
-- KEYS: fields, marks, notes, leases.
-- ARGV: number of changes; per change: field, expected version ('-' absent, '*' any), new value ('' removes);
--       then, if a claim is finished: its field and its holder.
-- A stored value begins with its version, 8 bytes big-endian. Answers 1 = stored, 0 = moved.
local count = tonumber(ARGV[1])

for i = 0, count - 1 do
  local field, expected = ARGV[2 + 3 * i], ARGV[3 + 3 * i]
  if expected ~= '*' then
    local stored = redis.call('HGET', KEYS[1], field)
    local found = stored and string.sub(stored, 1, 8) or '-'
    if found ~= expected then return 0 end
  end
end

-- What grows comes first: a Redis without memory refuses it, and then nothing has been changed.
for i = 0, count - 1 do
  if ARGV[4 + 3 * i] ~= '' then redis.call('HSET', KEYS[1], ARGV[2 + 3 * i], ARGV[4 + 3 * i]) end
end
for i = 0, count - 1 do
  local field = ARGV[2 + 3 * i]
  -- A note belongs to the version that was.
  redis.call('HDEL', KEYS[3], field)
  if ARGV[4 + 3 * i] == '' then
    redis.call('HDEL', KEYS[1], field)
    redis.call('HDEL', KEYS[2], field)
  end
end

local field, holder = ARGV[2 + 3 * count], ARGV[3 + 3 * count]
if field then
  -- A lease is '{end, epoch ms}:{holder}'.
  local lease = redis.call('HGET', KEYS[4], field)
  if lease and string.match(lease, '^%d+:(.*)$') == holder then redis.call('HDEL', KEYS[4], field) end
end
return 1
