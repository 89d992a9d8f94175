-- Exchanges the bytes of a field under the version that it has. Mark, note and lease are left as they are.
-- KEYS: fields. ARGV: field, version (8 bytes), new value with its version. Answers 1 = stored, 0 = moved.
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if not stored or string.sub(stored, 1, 8) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
