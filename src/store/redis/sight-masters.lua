-- Notes since when masters are known. KEYS: a hash of them. ARGV: 1 = whoever asks has known others before; the masters.
-- Answers how long ago, ms, the newest of them was first met; the age of the epoch if nothing was noted and no others known.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local is_first = ARGV[1] ~= '1' and redis.call('EXISTS', KEYS[1]) == 0
local newest = 0
for i = 2, #ARGV do
  local since = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or nil)
  if not since then
    since = is_first and 0 or now
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%.0f', since))
  end
  newest = math.max(newest, since)
end
return now - newest
