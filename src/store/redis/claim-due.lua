-- Moves those of the members that are still due. KEYS: shards. ARGV, of each: now, new time, number of members, members.
-- Answers the moved members of each.
local answers = {}
local at = 1
for i, shard in ipairs(KEYS) do
  local now, new_time, first, last = tonumber(ARGV[at]), ARGV[at + 1], at + 3, at + 2 + tonumber(ARGV[at + 2])
  local times = redis.call('ZMSCORE', shard, unpack(ARGV, first, last))
  local claimed, moves = {}, {}
  for member = first, last do
    local due = times[member - first + 1]
    if due and tonumber(due) <= now then
      claimed[#claimed + 1] = ARGV[member]
      moves[#moves + 1] = new_time
      moves[#moves + 1] = ARGV[member]
    end
  end
  if #claimed > 0 then redis.call('ZADD', shard, unpack(moves)) end
  answers[i] = claimed
  at = last + 1
end
return answers
