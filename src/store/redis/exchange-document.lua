-- Puts a document in the place of a known one. KEYS: collection. ARGV: id, known bytes, next bytes. Answers 1 or 0.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
