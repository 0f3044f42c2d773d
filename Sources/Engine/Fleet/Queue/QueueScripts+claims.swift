// Giving runs out and taking them back. The one function a busy worker calls does both: it frees what has
// ended, and fills the slots again in fair order, within every cap. A call to Redis from Lua costs more than
// most of what it does here, so whatever a turn needs to know of many tenants is read and written at once.

import Redis

extension QueueScripts {
    /// Counts of runs in flight and policies, read together and written back together; and the end of a
    /// lease.
    static let counts = """
        local held, before, policies = {}, {}, {}
        local plain = {weight = 1, paused = false}
        local has_policies = redis.call('HLEN', q .. ':pol') > 1
        local function know(names)
            if #names == 0 then return end
            local numbers = redis.call('HMGET', q .. ':n', unpack(names))
            local rules = has_policies and redis.call('HMGET', q .. ':pol', unpack(names)) or {}
            for place, what in ipairs(names) do
                if not held[what] then
                    held[what] = tonumber(numbers[place] or '0')
                    before[what] = held[what]
                    policies[what] = plain
                    if rules[place] then
                        local weight, cap, paused = string.match(rules[place], '^(%S+) (%S+) (%S+)$')
                        policies[what] = {
                            weight = tonumber(weight), cap = tonumber(cap), paused = paused == '1'}
                    end
                end
            end
        end
        local function count(what, by)
            if not held[what] then know({what}) end
            held[what] = held[what] + by
        end
        local function policy(what)
            if not policies[what] then know({what}) end
            return policies[what]
        end
        local function room(what)
            local rule = policy(what)
            if rule.paused then return 0 end
            if not rule.cap then return 1e9 end
            return rule.cap - held[what]
        end
        local function write_counts()
            local numbers, gone = {}, {}
            for what, number in pairs(held) do
                if number ~= before[what] then
                    if number <= 0 then
                        gone[#gone + 1] = what
                    else
                        numbers[#numbers + 1] = what
                        numbers[#numbers + 1] = number
                    end
                end
            end
            for i = 1, #numbers, 2000 do
                redis.call('HSET', q .. ':n', unpack(numbers, i, math.min(i + 1999, #numbers)))
            end
            for i = 1, #gone, 2000 do
                redis.call('HDEL', q .. ':n', unpack(gone, i, math.min(i + 1999, #gone)))
            end
            count_ready()
        end
        local freed_tenants, freed_workflows = {}, {}
        local has_again = redis.call('EXISTS', q .. ':again') == 1
        local function split(holder)
            local token, workflow, tenant = string.match(holder, '^([^\\n]*)\\n([^\\n]*)\\n(.*)$')
            return token, workflow, tenant
        end
        local function released(id, workflow, tenant)
            count('t:' .. tenant, -1)
            count('w:' .. workflow, -1)
            freed_tenants[tenant] = true
            freed_workflows[workflow] = true
            local again = has_again and redis.call('HGET', q .. ':again', id)
            if again then
                redis.call('HDEL', q .. ':again', id)
                push(id, tenant, workflow, tonumber(again), true)
            end
        end
        local function release(id, holder)
            redis.call('ZREM', q .. ':lease', id)
            if redis.call('HDEL', q .. ':tok', id) == 0 then return end
            local _, workflow, tenant = split(holder)
            released(id, workflow, tenant)
        end
        local function reopen()
            if redis.call('EXISTS', q .. ':pt') == 1 then
                for tenant in pairs(freed_tenants) do
                    local own = room('t:' .. tenant) > 0 and redis.call('ZSCORE', q .. ':pt', tenant)
                    if own then
                        redis.call('ZREM', q .. ':pt', tenant)
                        enter_ring(tenant, tonumber(own))
                    end
                end
            end
            if redis.call('EXISTS', q .. ':pws') == 1 then
                for workflow in pairs(freed_workflows) do
                    if room('w:' .. workflow) > 0
                        and redis.call('EXISTS', q .. ':pw:' .. workflow) == 1 then
                        redis.call('SADD', q .. ':open', workflow)
                    end
                end
            end
        end

        """

    /// ARGV: token, lease in ms, how many, 1 where policies must be known, how many spare slots, done ids...;
    /// gives back the done ones that this token holds, promotes due timers, then leases the next runs in fair
    /// order, and into spare slots first runs of tenants. Returns {now, next due time or -1, ids...}, or the
    /// error NOPOLICY where Redis has forgotten the policies.
    static let finishAndClaim = LuaFunction(
        name: "finish_and_claim_v4",
        source: places + counts + finish + take + ring + newcomers + aside + """
            local paused = redis.call('HGET', q .. ':pol', 'q') == '1'
            local served = system
            local bound = wanted + 1000
            local finished = paused
            if not paused and left > 0 then fetch(wanted) end
            while left > 0 and not finished and bound > 0 do
                bound = bound - 1
                local own, tenant = top()
                if not is_whole and (not own or own > limit) then
                    write_ring()
                    fetch(wanted)
                    own, tenant = top()
                end
                local aside = has_open and open_lane(own)
                if aside then
                    serve_aside(aside)
                elseif own then
                    serve(own, tenant)
                else
                    finished = true
                end
            end
            if left == 0 and spare > 0 and not paused then serve_newcomers() end
            write_ring()
            write_leases()
            write_counts()
            if system > served then redis.call('SET', q .. ':v', string.format('%.17g', system)) end
            if left > 0 then
                redis.call('SET', q .. ':idle', '1')
                if not finished then ring_bell() end
            elseif spare > 0 then
                redis.call('SET', q .. ':idle', 'spare', 'NX')
            end
            return out
            """)

    /// A worker whose answers were lost says again what it has done, and may say it twice in one call: each
    /// lease is counted off once, with its entry among the holders.
    private static let finish = """
        if ARGV[4] == '1' and redis.call('HEXISTS', q .. ':pol', 'v') == 0 then
            return redis.error_reply('NOPOLICY the queue has lost its policies')
        end
        local token, lease, wanted = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
        local spare = tonumber(ARGV[5])
        local said = {}
        for i = 6, #ARGV, 1000 do
            local last = math.min(i + 999, #ARGV)
            local ends, names, seen = {}, {}, {}
            local holders = redis.call('HMGET', q .. ':tok', unpack(ARGV, i, last))
            for place, holder in ipairs(holders) do
                local id = ARGV[i + place - 1]
                if holder and not said[id] then
                    said[id] = true
                    local owner, workflow, tenant = split(holder)
                    if owner == token then
                        ends[#ends + 1] = {id, workflow, tenant}
                        if not seen[tenant] then names[#names + 1] = 't:' .. tenant end
                        seen[tenant] = true
                    end
                end
            end
            know(names)
            local ids = {}
            for place, one in ipairs(ends) do ids[place] = one[1] end
            if #ids > 0 then
                redis.call('HDEL', q .. ':tok', unpack(ids))
                redis.call('ZREM', q .. ':lease', unpack(ids))
            end
            for _, one in ipairs(ends) do released(one[1], one[2], one[3]) end
        end
        reopen()
        local due = redis.call('ZRANGEBYSCORE', q .. ':due', '-inf', now, 'LIMIT', 0, 500)
        for _, member in ipairs(due) do
            redis.call('ZREM', q .. ':due', member)
            local cut = string.find(member, '\\n', 41, true)
            push(string.sub(member, 1, 36), string.sub(member, cut + 1), string.sub(member, 41, cut - 1),
                tonumber(string.sub(member, 37, 40)))
        end
        local next_due = redis.call('ZRANGE', q .. ':due', 0, 0, 'WITHSCORES')
        local out = {now, math.floor(tonumber(next_due[2] or '-1'))}
        local left = wanted

        """

    /// Takes up to `many` runs out of a lane, at most 500, and leases them. Answers how many.
    private static let take = """
        local leases, holders = {}, {}
        local function write_leases()
            if #leases == 0 then return end
            redis.call('ZADD', q .. ':lease', unpack(leases))
            redis.call('HSET', q .. ':tok', unpack(holders))
            leases, holders = {}, {}
        end
        local function take(tenant, workflow, many)
            local lane = q .. ':r:' .. workflow .. '\\n' .. tenant
            local holder = token .. '\\n' .. workflow .. '\\n' .. tenant
            local popped = redis.call('ZPOPMIN', lane, many)
            for i = 1, #popped, 2 do
                leases[#leases + 1] = now + lease
                leases[#leases + 1] = popped[i]
                holders[#holders + 1] = popped[i]
                holders[#holders + 1] = holder
                out[#out + 1] = popped[i]
            end
            local taken = #popped / 2
            ready = ready - taken
            left = left - taken
            count('t:' .. tenant, taken)
            count('w:' .. workflow, taken)
            if #leases >= 1000 then write_leases() end
            return taken
        end
        local function head(tenant, workflow)
            local lane = q .. ':r:' .. workflow .. '\\n' .. tenant
            return tonumber(redis.call('ZRANGE', lane, 0, 0, 'WITHSCORES')[2])
        end

        """
}
