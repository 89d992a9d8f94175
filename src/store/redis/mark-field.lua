-- Sets a number beside a field that is there; a mark must not outlive a field that was removed meanwhile.
-- KEYS: fields, marks, notes, leases. ARGV: field, value.
if find_field(redis.call('GET', KEYS[1]), ARGV[1]) then redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) end
return 1
