-- Makes wrk walk through COUNT objects (arguments: PREFIX COUNT) and print its result as one line of JSON.
local prepared = {}
local position = 0

function init(args)
  for number = 1, tonumber(args[2]) do
    prepared[number] = wrk.format("GET", args[1] .. number)
  end
end

function request()
  position = position % #prepared + 1
  return prepared[position]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"bytes":%d,"p50Micros":%d,"p99Micros":%d,"errors":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
