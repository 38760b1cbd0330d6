-- The HTTP part of the REAPER script: plain Lua and curl, so that it can be run and tested without REAPER.

local http = {}

--- Where secrets and parameters go to curl: in a file of the user's own, never on the command line, which others can read.
local function temporary(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

--- A value in a configuration file of curl.
local function quoted(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("\n", "\\n") .. '"'
end

--- Runs curl with options, and returns what it answered. Errors have the service's own words.
local function curl(service, options)
  local lines = {
    "silent",
    "show-error",
    "header = " .. quoted("Authorization: Bearer " .. service.key),
    'write-out = "\\n%{http_code}"',
  }
  for _, option in ipairs(options) do lines[#lines + 1] = option end
  local config = temporary(table.concat(lines, "\n") .. "\n")
  local errors = os.tmpname()
  local pipe = assert(io.popen('curl --config "' .. config .. '" 2> "' .. errors .. '"', "r"))
  local text = pipe:read("a")
  pipe:close()
  os.remove(config)
  local file = io.open(errors, "rb")
  local problem = file and file:read("a") or ""
  if file then file:close() end
  os.remove(errors)
  local body, status = text:match("^(.*)\n(%d+)%s*$")
  if not status or status == "000" then error(service.url .. " does not answer: " .. problem, 0) end
  if tonumber(status) >= 400 then error(http.text(body, "message") or ("the service answered " .. status), 0) end
  return body
end

--- A text in a JSON answer by its name: the answers of the service are known, so no parser is needed.
function http.text(json, name)
  local value = json:match('"' .. name .. '"%s*:%s*"(.-[^\\])"') or json:match('"' .. name .. '"%s*:%s*"(")') and ""
  return value and value:gsub('\\(["\\/])', "%1"):gsub("\\n", "\n")
end

--- A table of texts and numbers as JSON.
function http.json(values)
  local parts = {}
  for name, value in pairs(values) do
    local text = type(value) == "number" and string.format("%.6g", value)
      or '"' .. value:gsub('[%c\\"]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
    parts[#parts + 1] = '"' .. name .. '":' .. text
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- Uploads a file and submits it with parameters; returns the task's id.
function http.submit(service, file, parameters)
  local base = service.url:gsub("/+$", "") .. "/api/v3"
  local answer = curl(service, {
    "url = " .. quoted(base .. "/media/upload/binary"),
    "form = " .. quoted('file=@"' .. file:gsub('[\\"]', "\\%0") .. '"'),
  })
  parameters.audio = http.text(answer, "download_url")
  local body = temporary(http.json(parameters))
  local ok, result = pcall(curl, service, {
    "url = " .. quoted(base .. "/stability-ai/stable-audio-3/audio-to-audio"),
    'header = "Content-Type: application/json"',
    "data-binary = " .. quoted("@" .. body),
  })
  os.remove(body)
  if not ok then error(result, 0) end
  return http.text(result, "id")
end

--- How a task stands: its status, and the URL of its result when it is there. A task that failed is an error.
function http.look(service, id)
  local answer = curl(service, { "url = " .. quoted(service.url:gsub("/+$", "") .. "/api/v3/predictions/" .. id) })
  local status = http.text(answer, "status")
  if status == "failed" or status == "cancelled" then
    local reason = http.text(answer, "error")
    error(reason and reason ~= "" and reason or ("the task was " .. status), 0)
  end
  return status, status == "completed" and answer:match('"outputs"%s*:%s*%[%s*"([^"]+)"') or nil
end

--- Fetches a result into a file, by the address under which the service is reached here.
function http.download(service, output, file)
  local path = output:match("/files/[%w_%-%.]+$")
  local ok, problem = pcall(curl, service, {
    "url = " .. quoted(service.url:gsub("/+$", "") .. path),
    "output = " .. quoted(file),
  })
  if ok then return end
  -- Otherwise the answer that says what was wrong would pass for the sound.
  os.remove(file)
  error(problem, 0)
end

return http
