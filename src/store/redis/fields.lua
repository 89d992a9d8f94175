-- One owner's fields, in one string. Field after field: length of the name (1 byte), name, length of the value (4 bytes,
-- big-endian), value. A value begins with its version, 8 bytes big-endian.
local one_field = '>Bc0I4c0'

-- The value of a field, or nil.
local function find_field(stored, wanted)
  local at = 1
  while stored and at <= #stored do
    local name, value, next_at = struct.unpack(one_field, stored, at)
    if name == wanted then return value end
    at = next_at
  end
  return nil
end

-- Their names in order, and their values by name.
local function read_fields(key)
  local stored = redis.call('GET', key)
  local names, values, at = {}, {}, 1
  while stored and at <= #stored do
    local name, value, next_at = struct.unpack(one_field, stored, at)
    names[#names + 1], values[name], at = name, value, next_at
  end
  return names, values
end

-- Sets a field among those that were read; an empty value removes it.
local function set_field(names, values, name, value)
  if value == '' then
    values[name] = nil
  else
    if not values[name] then names[#names + 1] = name end
    values[name] = value
  end
end

-- Writes what read_fields has read. A Redis without memory refuses to write, unless the script has removed something before:
-- with `shrinks`, the old string is removed first.
local function write_fields(key, names, values, shrinks)
  local parts = {}
  for _, name in ipairs(names) do
    local value = values[name]
    if value then parts[#parts + 1] = struct.pack(one_field, #name, name, #value, value) end
  end
  if shrinks or #parts == 0 then redis.call('DEL', key) end
  if #parts > 0 then redis.call('SET', key, table.concat(parts)) end
end

