-- Asks one application after the other. At the end the line of load.lua.
local folder = debug.getinfo(1, "S").source:match("^@(.*)soak/[^/]*$")
dofile(folder .. "measure/load.lua")

local body = string.rep("x", 10000)
local requests = {}
local position = 0

function init(args)
  for _, path in ipairs({ "/hello", "/hello-asgi", "/flask/", "/fastapi/", "/stream" }) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  for _, path in ipairs({ "/upload", "/upload-asgi" }) do
    requests[#requests + 1] = wrk.format("POST", path, nil, body)
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end
