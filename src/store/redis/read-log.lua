-- Reads a log. KEYS: stream. ARGV: id after which to begin, '' = the oldest; how many; 1 = the newest, and those first.
-- What is too old has been dropped when the last entry came; what has grown too old since is not read. A log lives for as long
-- after its last entry as entries are kept: its own time to live tells how old one may be, unless the clock was set back.
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
