-- What was removed lately leaves its version for so long that no put-back after a failover takes it for lost.
-- A Redis without memory takes this, too, since something was removed before.
local function note_removed(key, name, version)
  redis.call('HSET', key, name, version)
  redis.call('PEXPIRE', key, 600000)
end

