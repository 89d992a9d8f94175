-- The oldest of each shard that are due, with their times. KEYS: shards. ARGV, of each: now, how many at most.
local answers = {}
for i, shard in ipairs(KEYS) do
  answers[i] = redis.call('ZRANGEBYSCORE', shard, '-inf', ARGV[2 * i - 1], 'WITHSCORES', 'LIMIT', 0, ARGV[2 * i])
end
return answers
