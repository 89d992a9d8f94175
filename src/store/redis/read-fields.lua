-- Reads one field of each of many hashes.
-- KEYS: the hashes. ARGV: a field of each. Answers the values in that order; an error stands in the place that it concerns.
local found = {}
for index, key in ipairs(KEYS) do
  found[index] = redis.pcall('HGET', key, ARGV[index])
end
return found
