-- Writes wave files of 32-bit floats: plain Lua.

local wave = {}
wave.__index = wave

--- Opens a file for a known number of frames.
function wave.open(path, frames, channels, rate)
  local bytes = 4 * frames * channels
  local file = assert(io.open(path, "wb"))
  file:write(string.pack("<c4I4c4c4I4I2I2I4I4I2I2c4I4", "RIFF", 36 + bytes, "WAVE", "fmt ", 16, 3, channels, rate,
    4 * rate * channels, 4 * channels, 32, "data", bytes))
  return setmetatable({ file = file }, wave)
end

--- Writes samples, the channels of a frame beside each other.
function wave:write(samples)
  local parts = {}
  for i, sample in ipairs(samples) do parts[i] = string.pack("<f", sample) end
  self.file:write(table.concat(parts))
end

function wave:close()
  self.file:close()
end

return wave
