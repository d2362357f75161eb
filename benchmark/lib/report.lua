-- Makes wrk send what it is told on its command line, and report in one line of JSON.
--
--   wrk ... -s report.lua URL METHOD BODY_BYTES PAUSE_MS
--
-- PAUSE_MS is what a connection waits on average between an answer and its next request; 0 for not at all.

function init(args)
  wrk.method = args[1]
  local bytes, pause = tonumber(args[2]), tonumber(args[3])
  if bytes > 0 then wrk.body = string.rep("x", bytes) end
  -- wrk looks after init() whether there is a delay(). The range keeps connections from marching in step.
  if pause > 0 then
    function delay() return math.random(0, 2 * pause) end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"failed":%d,"p50":%.3f,"p95":%.3f,"p99":%.3f}\n',
    summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3
  ))
end
