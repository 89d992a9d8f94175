-- Sets when members are due. KEYS: the shard of each. ARGV, of each: time, member. Answers one number for each.
local answers = {}
for i, shard in ipairs(KEYS) do answers[i] = redis.call('ZADD', shard, ARGV[2 * i - 1], ARGV[2 * i]) end
return answers
