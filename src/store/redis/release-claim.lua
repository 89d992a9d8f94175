-- Releases the lease on a field if it is the holder's, and then removes the note too if asked to.
-- KEYS: fields, marks, notes, leases. ARGV: field, holder, 1 = end the note.
local lease = redis.call('HGET', KEYS[4], ARGV[1])
if not lease or string.match(lease, '^%d+:(.*)$') ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[4], ARGV[1])
if ARGV[3] == '1' then redis.call('HDEL', KEYS[3], ARGV[1]) end
return 1
