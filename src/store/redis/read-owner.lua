-- All fields and all marks of one owner, as of one moment.
-- KEYS: fields, marks, notes, leases. Answers {fields as they stand there or nil, flat list of marks}.
return { redis.call('GET', KEYS[1]), redis.call('HGETALL', KEYS[2]) }
