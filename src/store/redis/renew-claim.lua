-- Prolongs the lease on a field if it is still the holder's and has not ended.
-- KEYS: fields, marks, notes, leases. ARGV: field, holder, lease in ms. Answers 1 or 0.
local lease = redis.call('HGET', KEYS[4], ARGV[1])
if not lease then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends, holder = string.match(lease, '^(%d+):(.*)$')
if holder ~= ARGV[2] or tonumber(ends) <= now then return 0 end
redis.call('HSET', KEYS[4], ARGV[1], string.format('%.0f', now + tonumber(ARGV[3])) .. ':' .. holder)
redis.call('PEXPIRE', KEYS[4], 600000)
return 1
