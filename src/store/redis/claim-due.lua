-- Moves those of the members that are still due. KEYS: shards. ARGV, of each: now, new time, number of members, members.
-- Answers the moved members of each.
local answers = {}
local at = 1
for i, shard in ipairs(KEYS) do
  local now, new_time, last = tonumber(ARGV[at]), ARGV[at + 1], at + 2 + tonumber(ARGV[at + 2])
  local claimed = {}
  for member = at + 3, last do
    local due = redis.call('ZSCORE', shard, ARGV[member])
    if due and tonumber(due) <= now then
      redis.call('ZADD', shard, new_time, ARGV[member])
      claimed[#claimed + 1] = ARGV[member]
    end
  end
  answers[i] = claimed
  at = last + 1
end
return answers
