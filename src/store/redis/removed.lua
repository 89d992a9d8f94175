-- A removed field leaves its version for a while, so that no put-back after a failover takes the removal for a loss.
-- Even a Redis without memory accepts this, since the script has removed something before.
local function note_removed(key, name, version)
  redis.call('HSET', key, name, version)
  redis.call('PEXPIRE', key, 600000)
end

