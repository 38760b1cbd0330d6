-- Drives the HTTP part of the REAPER script: submits a file, waits, downloads; prints how a task failed, and a wrong key's refusal.
package.path = arg[1] .. "/?.lua;" .. package.path
local http = require("retone_http")
local wave = require("retone_wave")
local url, key, file, result = arg[2], arg[3], arg[4], arg[5]
local service = { url = url .. "/", key = key }

local out = wave.open(file, 44100, 2, 44100)
local samples = {}
for i = 1, 2 * 44100 do samples[i] = math.sin(i / 40) / 2 end
out:write(samples)
out:close()

local function finish(prompt)
  local parameters = { prompt = prompt, duration = 1, init_noise_level = 0.4, output_format = "wav", seed = 7 }
  local id = http.submit(service, file, parameters)
  while true do
    local status, output = http.look(service, id)
    if output then return output end
  end
end

http.download(service, finish('a "cello"\nin a \\ cathedral'), result)
print(select(2, pcall(finish, "refuse")))
print(select(2, pcall(http.submit, { url = url, key = "no" }, file, { prompt = "x" })))
print(select(2, pcall(http.submit, { url = "http://127.0.0.1:9", key = "no" }, file, { prompt = "x" })))
