-- Appends to a log and drops what is too old or too much. KEYS: stream. ARGV: ms to keep, entries to keep, bytes of each.
-- '~' trims whole nodes of the stream, so somewhat more may stay. A log that nobody writes to ends as its entries do.
-- Answers the id of each.
local time = redis.call('TIME')
local ids = {}
for i = 3, #ARGV do ids[i - 2] = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'b', ARGV[i]) end
local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(oldest, 0)))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return ids
