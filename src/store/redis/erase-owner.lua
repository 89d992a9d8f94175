-- Removes everything of one owner. KEYS: fields, marks, notes, leases. Answers the names of the fields that there were.
local names = read_fields(KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
return names
