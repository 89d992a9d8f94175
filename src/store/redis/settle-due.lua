-- Moves members, or takes them out, if they are due still when they were. KEYS: the shard of each.
-- ARGV, of each: time that it was due, member, new time ('' = it is taken out). Answers one number for each, 1 = done.
local answers = {}
for i, shard in ipairs(KEYS) do
  local due, member, next_time = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local found = redis.call('ZSCORE', shard, member)
  local is_settled = found and tonumber(found) == tonumber(due)
  if is_settled and next_time == '' then redis.call('ZREM', shard, member) end
  if is_settled and next_time ~= '' then redis.call('ZADD', shard, next_time, member) end
  answers[i] = is_settled and 1 or 0
end
return answers
