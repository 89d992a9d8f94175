-- Reads a log. KEYS: stream. ARGV: id after which to begin, '' = the oldest; how many; 1 = the newest, and those first.
-- Entries that were too old when the last one came are dropped; those that are too old now are skipped. The log's time to live
-- is set with its last entry to how long entries are kept, so it tells how old one may be, unless the clock was set back.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last then return {} end
local start = ARGV[1] == '' and '-' or '(' .. ARGV[1]
local time = redis.call('TIME')
local newest, left = tonumber(string.match(last[1], '%d+')), redis.call('PTTL', KEYS[1])
if left >= 0 and newest <= time[1] * 1000 + math.floor(time[2] / 1000) then
  local after = tonumber(string.match(ARGV[1], '%d+') or '-1')
  if after < newest - left then start = string.format('%.0f', newest - left) end
end
if ARGV[3] == '1' then return redis.call('XREVRANGE', KEYS[1], '+', start, 'COUNT', ARGV[2]) end
return redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', ARGV[2])
