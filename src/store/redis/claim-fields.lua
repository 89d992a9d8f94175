-- For each of several fields: takes the lease and writes the note, if the field has the version and nobody else holds the
-- lease. A note that is there already stays, unless it is to be replaced.
-- KEYS, of each: fields, marks, notes, leases.
-- ARGV, of each: field, holder, version (8 bytes), lease in ms, note, 1 = replace the note.
-- Answers for each {'moved'}, {'busy', ms left}, or {'claimed', note that stood there or nil}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function claim(fields, notes, leases, field, holder, version, lease_ms, note, replaces)
  local stored = find_field(redis.call('GET', fields), field)
  if not stored or string.sub(stored, 1, 8) ~= version then return { 'moved' } end

  local lease = redis.call('HGET', leases, field)
  if lease then
    local ends, other = string.match(lease, '^(%d+):(.*)$')
    if other ~= holder and tonumber(ends) > now then return { 'busy', tonumber(ends) - now } end
  end

  local previous = redis.call('HGET', notes, field)
  if not previous or replaces == '1' then redis.call('HSET', notes, field, note) end
  redis.call('HSET', leases, field, string.format('%.0f', now + tonumber(lease_ms)) .. ':' .. holder)
  return { 'claimed', previous }
end

local answers = {}
for i = 0, #KEYS / 4 - 1 do
  local k, a = 4 * i, 6 * i
  answers[i + 1] = claim(
    KEYS[k + 1], KEYS[k + 3], KEYS[k + 4], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4], ARGV[a + 5], ARGV[a + 6])
end
return answers
