-- Takes the lease on a field and writes the note, if the field has the version and nobody else holds the lease.
-- A note that is there already stays, unless it is to be replaced.
-- KEYS: fields, marks, notes, leases. ARGV: field, holder, version (8 bytes), lease in ms, note, 1 = replace the note.
-- Answers {'moved'}, {'busy', ms left}, or {'claimed', note that stood there or nil}.
local field, holder = ARGV[1], ARGV[2]
local stored = redis.call('HGET', KEYS[1], field)
if not stored or string.sub(stored, 1, 8) ~= ARGV[3] then return { 'moved' } end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HGET', KEYS[4], field)
if lease then
  local ends, other = string.match(lease, '^(%d+):(.*)$')
  if other ~= holder and tonumber(ends) > now then return { 'busy', tonumber(ends) - now } end
end

local previous = redis.call('HGET', KEYS[3], field)
if not previous or ARGV[6] == '1' then redis.call('HSET', KEYS[3], field, ARGV[5]) end
redis.call('HSET', KEYS[4], field, string.format('%.0f', now + tonumber(ARGV[4])) .. ':' .. holder)
return { 'claimed', previous }
