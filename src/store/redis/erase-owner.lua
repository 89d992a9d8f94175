-- Removes everything of one owner, except the versions of what was removed lately, which expire by themselves.
-- KEYS: fields, marks, notes, leases, versions of what was removed lately.
-- Answers the fields as they were stored, or nil.
local stored = redis.call('GET', KEYS[1])
local names, values = read_fields(KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
for _, name in ipairs(names) do note_removed(KEYS[5], name, string.sub(values[name], 1, 8)) end
return stored
