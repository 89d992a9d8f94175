-- Appends to a log and drops what is too old or too much. KEYS: stream. ARGV: ms to keep, entries to keep, entries that
-- the bytes hold, bytes. Answers the id: the time in ms, and a number that counts the entries of the log, so that each
-- entry in the bytes has an id of its own, and ids tell how many entries lie between them.
-- '~' trims whole nodes of the stream, so a few more may stay; entries that are too old are all dropped. A log that gets no
-- more entries expires with its last one.
local stream = { length = 0, ['last-generated-id'] = '0-0' }
if redis.call('EXISTS', KEYS[1]) == 1 then
  local facts = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #facts, 2 do stream[facts[i]] = facts[i + 1] end
end
local function parts(id) return string.match(id, '(%d+)-(%d+)') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local newestMs, newest = parts(stream['last-generated-id'])
local last = newest + ARGV[3]
local id = string.format('%.0f-%.0f', math.max(now, tonumber(newestMs)), last)
redis.call('XADD', KEYS[1], id, 'b', ARGV[4])

local first = last
if stream['first-entry'] then first = select(2, parts(stream['first-entry'][1])) end
local kept = math.max(stream.length + 1, last - first + 1)
local keep = tonumber(ARGV[2])
-- Entries are trimmed by their share of the stream, since one item of it may hold several entries.
if kept > keep then
  redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', string.format('%.0f', math.floor((stream.length + 1) * keep / kept)))
end
redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f', math.max(now - ARGV[1], 0)))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return id
