-- Removes everything of one owner, but for the versions of what was removed lately, which end by themselves.
-- KEYS: fields, marks, notes, leases, versions of what was removed lately.
-- Answers names and versions (8 bytes) of the fields that there were.
local names, values = read_fields(KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
local answer = {}
for _, name in ipairs(names) do
  local version = string.sub(values[name], 1, 8)
  note_removed(KEYS[5], name, version)
  answer[#answer + 1] = name
  answer[#answer + 1] = version
end
return answer
