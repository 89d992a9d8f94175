-- Exchanges the bytes of a field and keeps its version. Mark, note and lease stay.
-- KEYS: fields. ARGV: field, version (8 bytes), new value with its version. Answers 1 = stored, 0 = moved.
local names, values = read_fields(KEYS[1])
local stored = values[ARGV[1]]
if not stored or string.sub(stored, 1, 8) ~= ARGV[2] then return 0 end
set_field(names, values, ARGV[1], ARGV[3])
write_fields(KEYS[1], names, values)
return 1
