-- Puts a value in the place of a known one. KEYS: value. ARGV: known bytes, '' = there is none; next bytes, ms. Answers 1 or 0.
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
