-- For each of several fields: takes the lease and writes the note, if the field has the version and nobody else holds the
-- lease. A note that is there already stays, unless it is to be replaced.
-- KEYS, of each: fields, marks, notes, leases.
-- ARGV, of each: field, holder, version (8 bytes), lease in ms, note, 1 = replace the note.
-- Answers for each 1 = claimed, {'claimed', note that stood there}, {'busy', ms left}, or {'moved'}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Whether the lease is now the holder's; if not, for how long it is another's, ms. It is mostly free.
local function take_lease(leases, field, holder, lease_ms)
  local lease = string.format('%.0f', now + tonumber(lease_ms)) .. ':' .. holder
  if redis.call('HSETNX', leases, field, lease) == 1 then return true end
  local ends, other = string.match(redis.call('HGET', leases, field), '^(%d+):(.*)$')
  if other ~= holder and tonumber(ends) > now then return false, tonumber(ends) - now end
  redis.call('HSET', leases, field, lease)
  return true
end

local function claim(fields, notes, leases, field, holder, version, lease_ms, note, replaces)
  local stored = find_field(redis.call('GET', fields), field)
  if not stored or string.sub(stored, 1, 8) ~= version then return { 'moved' } end

  local taken, left = take_lease(leases, field, holder, lease_ms)
  if not taken then return { 'busy', left } end
  -- All leases of an owner expire together at last, even those of holders that have died.
  redis.call('PEXPIRE', leases, 600000)

  if redis.call('HSETNX', notes, field, note) == 1 then return 1 end
  local previous = redis.call('HGET', notes, field)
  if replaces == '1' then redis.call('HSET', notes, field, note) end
  return { 'claimed', previous }
end

local answers = {}
for i = 0, #KEYS / 4 - 1 do
  local k, a = 4 * i, 6 * i
  answers[i + 1] = claim(
    KEYS[k + 1], KEYS[k + 3], KEYS[k + 4], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4], ARGV[a + 5], ARGV[a + 6])
end
return answers
