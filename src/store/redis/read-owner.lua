-- All fields and all marks of one owner, as of one moment.
-- KEYS: fields, marks, notes, leases. Answers {flat list of fields, flat list of marks}.
return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }
