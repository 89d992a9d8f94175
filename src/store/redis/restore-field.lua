-- Puts back what a failover has lost: a value over an older one, or a removal of what was removed or is older still.
-- What was removed at that version or a later one stays away.
-- KEYS: fields, marks, notes, leases, versions of what was removed lately.
-- ARGV: field, version (8 bytes), new value ('' = it had been removed at that version), 1 = its note stays,
--       1 = it comes back also where there is none.
-- Answers 1 when something was put back.
local function compare(a, b)
  -- Byte by byte: Lua's own order of strings depends on the locale.
  for i = 1, 8 do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y and -1 or 1 end
  end
  return 0
end

local field, version, value = ARGV[1], ARGV[2], ARGV[3]
local names, values = read_fields(KEYS[1])
local stored = values[field]
local order = stored and compare(stored, version) or -1
local removed = redis.call('HGET', KEYS[5], field)
local was_removed = removed and compare(removed, version) >= 0
if value == '' then
  if order > 0 then return 0 end
  redis.call('HDEL', KEYS[2], field)
  if not was_removed then note_removed(KEYS[5], field, version) end
  if not stored then return 0 end
else
  if order >= 0 or was_removed then return 0 end
  if not stored and ARGV[5] ~= '1' then return 0 end
end
set_field(names, values, field, value)
write_fields(KEYS[1], names, values)
if ARGV[4] ~= '1' then redis.call('HDEL', KEYS[3], field) end
return 1
