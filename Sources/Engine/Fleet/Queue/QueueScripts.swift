// The dispatcher's moves, each one atomic function in Redis with bounded loops and one clock (TIME). Only ids
// and routing facts live there, and all of it can be rebuilt from Postgres.
//
//   :ring              tenants with ready runs, by virtual time
//   :l:<tenant>        the tenant's lanes, one per workflow, by the score of the lane's first run
//   :r:<lane>          ready run ids of one lane, by priority and age; a lane is workflow, newline, tenant
//   :pt                tenants set aside: at their cap or paused
//   :pw:<workflow>     lanes set aside because the workflow is at its cap or paused: tenants by virtual time
//   :pws               workflows that have lanes set aside
//   :open              workflows with lanes set aside and room again
//   :vt, :v            virtual time of tenants that are not in the ring, and of the last one served
//   :n                 counts: ready runs; runs in flight per tenant (t:...) and per workflow (w:...)
//   :pol               what differs from weight 1, no cap, not paused; with the version in Postgres
//   :due               timers: run, priority, workflow and tenant, by time
//   :lease, :tok       leased runs by expiry; who holds each of them, for which workflow and tenant
//   :again             leased runs that became ready meanwhile: queued when their lease ends
//   :idle, :bell       set while some worker waits for the bell (`spare` where only slots that are kept for
//                      tenants with nothing in flight are free); the channel that wakes workers
//   :whole             present unless Redis has lost its data: without it the queue is rebuilt
//
// A tenant's virtual time rises by 1/weight with each run it is given, and the least goes first: over any
// stretch of time tenants get runs in proportion to their weights. A tenant that wakes starts where the last
// one served stood, so that sleeping earns no credit, and using idle slots costs none.
//
// Who is at a cap or paused leaves the ring in one move, whatever the number of its runs, and is looked at
// again only when one of its runs ends or an operator changes something. A workflow at its cap keeps the
// lanes that met the cap in a ring of its own; when it has room, that ring is served by the same times.
//
// Turns alone are fair only where slots come free all the time. Where one tenant's long runs hold all of
// them, others would wait for an end, so every worker keeps spare slots beside its slots. They are given to
// tenants that have nothing in flight, and to nobody else; a tenant alone still uses every slot.
// Nothing leaves a ready set without entering the lease set in the same move, and nothing that is leased
// enters a ready set: a run is in one place at a time, so that counts of runs in flight stay true.

import Redis

enum QueueScripts {
    /// Shared by most functions: clock, keys, and the moves that put runs, lanes and tenants in their places.
    static let places = """
        local q = KEYS[1]
        local clock = redis.call('TIME')
        local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
        local system = tonumber(redis.call('GET', q .. ':v') or '0')
        local ready = 0
        local function enter_ring(tenant, own)
            redis.call('ZADD', q .. ':ring', math.max(own, system), tenant)
        end
        local function show_lane(tenant, workflow, score)
            redis.call('ZADD', q .. ':l:' .. tenant, score, workflow)
            if not redis.call('ZSCORE', q .. ':ring', tenant)
                and not redis.call('ZSCORE', q .. ':pt', tenant) then
                enter_ring(tenant, tonumber(redis.call('HGET', q .. ':vt', tenant) or '0'))
            end
        end
        local function push(id, tenant, workflow, priority, is_free)
            if not is_free and redis.call('HEXISTS', q .. ':tok', id) == 1 then
                redis.call('HSET', q .. ':again', id, priority)
                return 0
            end
            local lane = q .. ':r:' .. workflow .. '\\n' .. tenant
            local score = (100 - priority) * 1e13 + now
            if redis.call('ZADD', lane, 'NX', score, id) == 0 then return 0 end
            ready = ready + 1
            if redis.call('ZRANGE', lane, 0, 0)[1] == id
                and not redis.call('ZSCORE', q .. ':pw:' .. workflow, tenant) then
                show_lane(tenant, workflow, score)
            end
            return 1
        end
        local function count_ready()
            if ready ~= 0 then redis.call('HINCRBY', q .. ':n', 'ready', ready) end
        end
        local function ring_bell()
            if redis.call('DEL', q .. ':idle') == 1 then redis.call('PUBLISH', q .. ':bell', '1') end
        end

        """

    /// ARGV: (id, tenant, workflow, priority, at in ms or 0, 1 where the lease of it is void)...; queues each
    /// now or at its time.
    static let enqueue = LuaFunction(
        name: "enqueue_v4",
        source: places + counts + """
            local ids = {}
            for i = 1, #ARGV, 6 do ids[#ids + 1] = ARGV[i] end
            local holders = redis.call('HMGET', q .. ':tok', unpack(ids))
            local freed, names = {}, {}
            for i = 1, #ARGV, 6 do
                local at = tonumber(ARGV[i + 4])
                local holder = not freed[ARGV[i]] and holders[(i + 5) / 6]
                if holder and ARGV[i + 5] == '1' then
                    redis.call('HDEL', q .. ':again', ARGV[i])
                    release(ARGV[i], holder)
                    freed[ARGV[i]] = true
                    holder = false
                end
                if at > now then
                    local routing = string.format('%+04d', ARGV[i + 3]) .. ARGV[i + 2] .. '\\n' .. ARGV[i + 1]
                    redis.call('ZADD', q .. ':due', at, ARGV[i] .. routing)
                else
                    push(ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]), not holder)
                    names[#names + 1] = 't:' .. ARGV[i + 1]
                end
            end
            reopen()
            local is_of_use = redis.call('GET', q .. ':idle') ~= 'spare'
            if not is_of_use then
                know(names)
                for _, name in ipairs(names) do is_of_use = is_of_use or held[name] == 0 end
            end
            write_counts()
            if is_of_use then ring_bell() end
            return #ARGV / 6
            """)

    /// ARGV as in enqueue; queues only what is neither ready nor held under a live lease. Returns how many
    /// were missing.
    static let ensure = LuaFunction(
        name: "ensure_v3",
        source: places + counts + """
            local missing = 0
            for i = 1, #ARGV, 6 do
                local expiry = tonumber(redis.call('ZSCORE', q .. ':lease', ARGV[i]) or '0')
                if expiry < now then
                    local holder = redis.call('HGET', q .. ':tok', ARGV[i])
                    if holder then release(ARGV[i], holder) end
                    missing = missing + push(ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]))
                end
            end
            reopen()
            write_counts()
            if missing > 0 then ring_bell() end
            return missing
            """)

    /// Returns {ready, leased, due, tenants in the ring, whole, tenants set aside, queue paused}.
    static let depth = LuaFunction(
        name: "depth_v2",
        source: """
            local q = KEYS[1]
            return {tonumber(redis.call('HGET', q .. ':n', 'ready') or '0'),
                redis.call('ZCARD', q .. ':lease'), redis.call('ZCARD', q .. ':due'),
                redis.call('ZCARD', q .. ':ring'), redis.call('EXISTS', q .. ':whole'),
                redis.call('ZCARD', q .. ':pt'),
                redis.call('HGET', q .. ':pol', 'q') == '1' and 1 or 0}
            """)
}
