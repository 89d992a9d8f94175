-- Reads a log. KEYS: stream. ARGV: id after which to begin, '' = the oldest; how many; 1 = the newest, and those first.
-- What is too old has been dropped when the last entry came; what has grown too old since is not read. A log lives for as long
-- after its last entry as entries are kept: its own time to live tells how old one may be.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last then return {} end
local start = ARGV[1] == '' and '-' or '(' .. ARGV[1]
local left = redis.call('PTTL', KEYS[1])
local oldest = tonumber(string.match(last[1], '%d+')) - left
local after = tonumber(string.match(ARGV[1], '%d+') or '-1')
if left >= 0 and after < oldest then start = string.format('%.0f', oldest) end
if ARGV[3] == '1' then return redis.call('XREVRANGE', KEYS[1], '+', start, 'COUNT', ARGV[2]) end
return redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', ARGV[2])
