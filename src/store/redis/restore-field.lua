-- Puts back what a failover has lost: a value over an older one, or a removal of what was removed or is older still.
-- A field that is not there stays away: somebody may have removed it since.
-- KEYS: fields, marks, notes, leases. ARGV: field, version (8 bytes), new value ('' = it had been removed at that version),
--       1 = its note stays.
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
if not stored then return 0 end
local order = compare(stored, version)
if value == '' then
  if order > 0 then return 0 end
elseif order >= 0 then
  return 0
end
set_field(names, values, field, value)
write_fields(KEYS[1], names, values)
if value == '' then redis.call('HDEL', KEYS[2], field) end
if ARGV[4] ~= '1' then redis.call('HDEL', KEYS[3], field) end
return 1
