-- Adds to a count; the first addition starts the window. KEYS: counter. ARGV: window in ms, how many. Answers {count, ms left}.
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return { count, left }
