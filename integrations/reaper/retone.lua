-- Retone for REAPER: transforms the selected item by a prompt and inserts the result on a new track below it.
-- Actions > New action > Load ReaScript. Needs curl (part of Windows, macOS and most Linux systems) and a Retone service.
-- The HTTP part is retone_http.lua beside this file.

local folder = debug.getinfo(1, "S").source:match("@?(.*[/\\])") or "./"
package.path = folder .. "?.lua;" .. package.path
local http = require("retone_http")
local wave = require("retone_wave")

local section = "retone"
local fields = { "prompt", "noise level (0-1)", "service", "key" }
local names = { "prompt", "level", "url", "key" }
local defaults = { prompt = "", level = "0.9", url = "http://127.0.0.1:8080", key = "" }
local poll_seconds = 0.5
local rate, channels, block = 44100, 2, 44100

local function fail(message)
  reaper.ShowMessageBox(message, "Retone", 0)
end

--- Asks for the prompt and the service; what was given last time is there again. The key is kept by REAPER for this user.
local function ask()
  local values = {}
  for i, name in ipairs(names) do
    local saved = reaper.GetExtState(section, name)
    values[i] = saved ~= "" and saved or defaults[name]
  end
  local ok, text = reaper.GetUserInputs("Retone", #fields, table.concat(fields, ",") .. ",extrawidth=300,separator=\n",
    table.concat(values, "\n"))
  if not ok then return nil end
  local given, i = {}, 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    i = i + 1
    if names[i] then
      given[names[i]] = line
      reaper.SetExtState(section, names[i], line, true)
    end
  end
  return given
end

--- Puts a file on a new track under the item, at the same time.
local function insert(item, file, name)
  local track = reaper.GetMediaItem_Track(item)
  local index = math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER"))
  reaper.Undo_BeginBlock()
  reaper.InsertTrackAtIndex(index, true)
  local below = reaper.GetTrack(0, index)
  reaper.GetSetMediaTrackInfo_String(below, "P_NAME", name, true)
  local made = reaper.AddMediaItemToTrack(below)
  local take = reaper.AddTakeToMediaItem(made)
  local source = reaper.PCM_Source_CreateFromFile(file)
  reaper.SetMediaItemTake_Source(take, source)
  reaper.SetMediaItemInfo_Value(made, "D_POSITION", reaper.GetMediaItemInfo_Value(item, "D_POSITION"))
  reaper.SetMediaItemInfo_Value(made, "D_LENGTH", (reaper.GetMediaSourceLength(source)))
  reaper.Main_OnCommand(40047, 0) -- Peaks: build any missing peaks
  reaper.Undo_EndBlock("Retone: " .. name, -1)
  reaper.UpdateArrange()
end

local item = reaper.GetSelectedMediaItem(0, 0)
local take = item and reaper.GetActiveTake(item)
if not take or reaper.TakeIsMIDI(take) then return fail("Select an audio item first.") end
local given = ask()
if not given then return end

--- Writes what the item sounds like, with its trims, stretching and take effects, into a file.
local function render(file)
  local accessor = reaper.CreateTakeAudioAccessor(take)
  local from, to = reaper.GetAudioAccessorStartTime(accessor), reaper.GetAudioAccessorEndTime(accessor)
  local frames = math.floor((to - from) * rate)
  local out = wave.open(file, frames, channels, rate)
  local buffer = reaper.new_array(block * channels)
  for at = 0, frames - 1, block do
    buffer.clear()
    reaper.GetAudioAccessorSamples(accessor, rate, channels, from + at / rate, block, buffer)
    out:write(buffer.table(1, math.min(block, frames - at) * channels))
  end
  out:close()
  reaper.DestroyAudioAccessor(accessor)
end

local file = os.tmpname() .. ".wav"
render(file)
local service = { url = given.url, key = given.key }
local parameters = {
  prompt = given.prompt,
  init_noise_level = tonumber(given.level) or 0.9,
  duration = math.max(1, reaper.GetMediaItemInfo_Value(item, "D_LENGTH")),
  output_format = "wav",
}
local ok, id = pcall(http.submit, service, file, parameters)
os.remove(file)
if not ok then return fail(tostring(id)) end

--- REAPER stays usable while the task runs.
local next_look = 0
local function wait()
  if reaper.time_precise() < next_look then return reaper.defer(wait) end
  next_look = reaper.time_precise() + poll_seconds
  local fine, status, output = pcall(http.look, service, id)
  if not fine then return fail(tostring(status)) end
  if not output then return reaper.defer(wait) end
  local target = reaper.GetProjectPath() .. "/retone-" .. id:sub(1, 8) .. ".wav"
  local got, problem = pcall(http.download, service, output, target)
  if not got then return fail(tostring(problem)) end
  insert(item, target, given.prompt)
end
wait()
