-- Appends to a log and drops what is too old or too much. KEYS: stream. ARGV: bytes, ms to keep, entries to keep.
-- '~' trims whole nodes of the stream, so somewhat more may stay. A log that nobody writes to ends as its entries do.
local time = redis.call('TIME')
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'b', ARGV[1])
local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[2])
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(oldest, 0)))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return id
