-- Sends the bodies in rotation and prints a line of JSON at the end.
-- Usage: wrk -s closed_loop.lua URL -- CONTENT-TYPE BODY-FILE...

local requests, turn = {}, 0

function init(arguments)
    wrk.method = "POST"
    wrk.headers["Content-Type"] = arguments[1]
    for place = 2, #arguments do
        local file = assert(io.open(arguments[place], "rb"))
        requests[place - 1] = wrk.format(nil, nil, nil, file:read("*a"))
        file:close()
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"answers": %d, "refused": %d, "failed": %d, "seconds": %f, "p50": %f, "p90": %f, "p99": %f}\n',
        summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
        summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
        latency:percentile(99) / 1e3))
end
