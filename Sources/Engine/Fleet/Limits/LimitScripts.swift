// Allowances, pauses and breakers of one account, each move one atomic function in Redis on the clock of
// Redis, so that the whole fleet shares them exactly.
//
//   cf:{limit:<account>}:park, :park:<name>    until when the other side asked for a pause
//   cf:{limit:<account>}:breaker               the breaker, as `Breaker` has it
//   cf:{limit:<account>}:w:<name>:<n>          the last calls of a window, newest first
//   cf:{limit:<account>}:g:<name>:<n>          the theoretical time of the next call of a steady rate
//   cf:{limit:<account>}:q:<name>              how many were told to come back
//   cf:{limit:<account>}:t:<name>              the theoretical time of the next call of a rate that we grant
//
// Whoever is refused is told its own turn, not the next free instant: otherwise all that wait would come back
// together for one call, again and again. A call that goes on with what an earlier one began stands in no
// line: it is told the next free instant.

import Redis

enum LimitScripts {
    /// Where a function's time comes from. A test gives its own, to go through days in milliseconds.
    enum Clock {
        case server, lastArgument

        var source: String {
            switch self {
            case .server:
                """
                local clock = redis.call('TIME')
                local now = clock[1] * 1000 + clock[2] / 1000
                local last, grace = #ARGV, 1000
                """
            case .lastArgument:
                """
                local now = tonumber(ARGV[#ARGV])
                local last, grace = #ARGV - 1, 600000
                """
            }
        }
    }

    static let admit = admit(.server)
    static let report = report(.server)
    static let park = park(.server)
    static let state = state(.server)

    /// ARGV: name, probe in ms, 1 for a call that goes on, (kind, limit, per in ms, burst)... Returns
    /// {1, generation, is probe} or {0, reason, ms to wait}.
    static func admit(_ clock: Clock) -> LuaFunction {
        LuaFunction(name: "limits_admit_v2", source: clock.source + "\n" + allowances + verdict)
    }

    /// The earliest instant that all allowances permit, and what to write once the call is made.
    private static let allowances = """
        local base, name, goes_on = KEYS[1], ARGV[1], ARGV[3] == '1'
        local function wait(reason, instant)
            return {0, reason, string.format('%.0f', math.max(1, math.ceil(instant - now)))}
        end
        for _, key in ipairs({base .. ':park', base .. ':park:' .. name}) do
            local parked = tonumber(redis.call('GET', key) or '0')
            if parked > now then return wait('parked', parked) end
        end
        local queue = base .. ':q:' .. name
        local waiting = tonumber(redis.call('GET', queue) or '0')
        local free, mine, has_more, writes, longest = now, now, true, {}, 1000
        for i = 4, last, 4 do
            local kind, limit, per = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
            local key = base .. ':' .. kind .. ':' .. name .. ':' .. i
            longest = math.max(longest, per)
            if kind == 'w' then
                local oldest = tonumber(redis.call('LINDEX', key, limit - 1) or '-1e99')
                free = math.max(free, oldest + per)
                local slot = limit - 1 - waiting % limit
                local turn = tonumber(redis.call('LINDEX', key, slot) or '-1e99')
                mine = math.max(mine, turn + per * (1 + math.floor(waiting / limit)))
                has_more = has_more and redis.call('LLEN', key) + 1 < limit
                writes[#writes + 1] = function()
                    redis.call('LPUSH', key, string.format('%.3f', now))
                    redis.call('LTRIM', key, 0, limit - 1)
                    redis.call('PEXPIRE', key, math.ceil(per) + grace)
                end
            else
                local interval = per / limit
                local slack = interval * (tonumber(ARGV[i + 3]) - 1)
                local due = math.max(tonumber(redis.call('GET', key) or '0'), now)
                free = math.max(free, due - slack)
                mine = math.max(mine, due - slack + interval * waiting)
                has_more = has_more and due + interval - slack <= now
                writes[#writes + 1] = function()
                    local value = string.format('%.3f', due + interval)
                    redis.call('SET', key, value, 'PX', math.ceil(due + interval - now + per) + grace)
                end
            end
        end
        if free > now and goes_on then return wait('rate_limit', free) end
        if free > now then
            redis.call('SET', queue, waiting + 1, 'PX', math.ceil(mine - now + longest) + grace)
            return wait('rate_limit', mine)
        end

        """

    private static let verdict = """
        local breaker = base .. ':breaker'
        local seen = redis.call('HMGET', breaker, 'generation', 'until')
        local probe = 0
        if seen[2] then
            if tonumber(seen[2]) > now then return wait('breaker_open', tonumber(seen[2])) end
            probe = 1
            redis.call('HSET', breaker, 'until', string.format('%.0f', now + tonumber(ARGV[2])), 'half', 1)
        end
        for _, write in ipairs(writes) do write() end
        if waiting > 0 and not goes_on then
            if has_more then redis.call('DEL', queue) else redis.call('DECR', queue) end
        end
        return {1, tonumber(seen[1] or '0'), probe}
        """

    /// ARGV: 1 for a success, generation, failures that open it, open for, longest, in ms. `until` is there
    /// while the breaker is not closed. Returns 1 where this opened it.
    static func report(_ clock: Clock) -> LuaFunction {
        LuaFunction(
            name: "limits_report_v1",
            source: clock.source + """

                local breaker = KEYS[1] .. ':breaker'
                local seen = redis.call('HMGET', breaker, 'generation', 'until', 'half', 'failures',
                    'openings')
                local generation = tonumber(seen[1] or '0')
                if generation ~= tonumber(ARGV[2]) then return 0 end
                if ARGV[1] == '1' then
                    if seen[2] or seen[4] then
                        redis.call('HDEL', breaker, 'until', 'half', 'failures', 'openings', 'since')
                    end
                    return 0
                end
                if seen[2] and not seen[3] then return 0 end
                local failures = tonumber(seen[4] or '0') + 1
                if not seen[2] and failures < tonumber(ARGV[3]) then
                    redis.call('HSET', breaker, 'failures', failures)
                    return 0
                end
                local openings = tonumber(seen[5] or '0')
                local pause = math.min(tonumber(ARGV[4]) * 2 ^ math.min(openings, 20), tonumber(ARGV[5]))
                redis.call('HDEL', breaker, 'half', 'failures')
                redis.call('HSET', breaker, 'generation', generation + 1, 'openings', openings + 1,
                    'until', string.format('%.0f', math.floor(now) + pause))
                redis.call('HSETNX', breaker, 'since', string.format('%.0f', now))
                return 1
                """)
    }

    /// ARGV: name or nothing, ms. Everything of that name, or of the account, waits; never shortens a pause.
    static func park(_ clock: Clock) -> LuaFunction {
        LuaFunction(
            name: "limits_park_v1",
            source: clock.source + """

                local key = KEYS[1] .. ':park' .. (ARGV[1] == '' and '' or ':' .. ARGV[1])
                local instant = now + tonumber(ARGV[2])
                if tonumber(redis.call('GET', key) or '0') < instant then
                    redis.call('SET', key, string.format('%.0f', instant), 'PX', math.ceil(ARGV[2]) + grace)
                end
                return 1
                """)
    }

    /// ARGV: name. Returns {now, parked until or 0, breaker open until or 0, open since or 0, failures,
    /// waiting}.
    static func state(_ clock: Clock) -> LuaFunction {
        LuaFunction(
            name: "limits_state_v1",
            source: clock.source + """

                local base, name = KEYS[1], ARGV[1]
                local parked = math.max(tonumber(redis.call('GET', base .. ':park') or '0'),
                    tonumber(redis.call('GET', base .. ':park:' .. name) or '0'))
                local seen = redis.call('HMGET', base .. ':breaker', 'until', 'since', 'failures')
                return {math.floor(now), parked, tonumber(seen[1] or '0'), tonumber(seen[2] or '0'),
                    tonumber(seen[3] or '0'), tonumber(redis.call('GET', base .. ':q:' .. name) or '0')}
                """)
    }
}
