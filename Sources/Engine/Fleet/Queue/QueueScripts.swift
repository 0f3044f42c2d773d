// The dispatcher's moves, each one atomic function in Redis with bounded loops and one clock (TIME). Only ids
// and routing facts live there, and all of it can be rebuilt from Postgres.
//
//   {q}:ring         tenants with ready runs, by virtual time
//   {q}:t:<tenant>   ready run ids, by priority and age
//   {q}:vt           virtual time of tenants that are not in the ring
//   {q}:due          timers: run, priority and tenant, by time
//   {q}:lease        leased run ids by expiry
//   {q}:tok          who holds a leased run
//   {q}:idle         set while some worker waits for the bell
//   {q}:bell         the channel that wakes workers
//   {q}:whole        present unless Redis has lost its data: without it the queue is rebuilt
//
// A tenant's virtual time rises by 1/weight with each run it is given, and the least goes first: over any
// stretch of time tenants get runs in proportion to their weights. A tenant that wakes starts at the ring's
// minimum, so that sleeping earns no credit. Nothing leaves a ready set without entering the lease set in the
// same move.

import Redis

enum QueueScripts {
    /// Shared by all functions: adds one run to its tenant's ready set and the tenant to the ring.
    private static let push = """
        local q = KEYS[1]
        local clock = redis.call('TIME')
        local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
        local function push(id, tenant, priority)
            local ready = q .. ':t:' .. tenant
            redis.call('ZADD', ready, 'NX', (100 - priority) * 1e13 + now, id)
            if not redis.call('ZSCORE', q .. ':ring', tenant) then
                local least = redis.call('ZRANGE', q .. ':ring', 0, 0, 'WITHSCORES')
                local own = tonumber(redis.call('HGET', q .. ':vt', tenant) or '0')
                local start = math.max(own, tonumber(least[2] or '0'))
                redis.call('ZADD', q .. ':ring', start, tenant)
            end
        end
        local function ring_bell()
            if redis.call('DEL', q .. ':idle') == 1 then redis.call('PUBLISH', q .. ':bell', '1') end
        end

        """

    /// ARGV: (id, tenant, priority, at in ms or 0)...; queues each now or at its time.
    static let enqueue = LuaFunction(
        name: "enqueue_v1",
        source: push + """
            for i = 1, #ARGV, 4 do
                local at = tonumber(ARGV[i + 3])
                if at > now then
                    local routing = string.format('%+04d', ARGV[i + 2]) .. ARGV[i + 1]
                    redis.call('ZADD', q .. ':due', at, ARGV[i] .. routing)
                else
                    push(ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]))
                end
            end
            ring_bell()
            return #ARGV / 4
            """)

    /// ARGV as in enqueue; queues only what is neither ready nor held under a live lease. Returns how many
    /// were missing.
    static let ensure = LuaFunction(
        name: "ensure_v1",
        source: push + """
            local missing = 0
            for i = 1, #ARGV, 4 do
                local expiry = tonumber(redis.call('ZSCORE', q .. ':lease', ARGV[i]) or '0')
                if expiry < now and not redis.call('ZSCORE', q .. ':t:' .. ARGV[i + 1], ARGV[i]) then
                    push(ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]))
                    missing = missing + 1
                end
            end
            if missing > 0 then ring_bell() end
            return missing
            """)

    /// ARGV: token, lease in ms, how many, done ids...; gives back the done ones that this token holds,
    /// promotes due timers, then leases the next runs in fair order. Returns {now, next due time or -1,
    /// ids...}.
    static let finishAndClaim = LuaFunction(
        name: "finish_and_claim_v1",
        source: push + """
            local token, lease, wanted = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
            for i = 4, #ARGV do
                if redis.call('HGET', q .. ':tok', ARGV[i]) == token then
                    redis.call('HDEL', q .. ':tok', ARGV[i])
                    redis.call('ZREM', q .. ':lease', ARGV[i])
                end
            end
            local due = redis.call('ZRANGEBYSCORE', q .. ':due', '-inf', now, 'LIMIT', 0, 500)
            for _, member in ipairs(due) do
                redis.call('ZREM', q .. ':due', member)
                push(string.sub(member, 1, 36), string.sub(member, 41), tonumber(string.sub(member, 37, 40)))
            end
            local next_due = redis.call('ZRANGE', q .. ':due', 0, 0, 'WITHSCORES')
            local out = {now, math.floor(tonumber(next_due[2] or '-1'))}
            local turns = 0
            while #out - 2 < wanted and turns < wanted + 100 do
                turns = turns + 1
                local first = redis.call('ZRANGE', q .. ':ring', 0, 0, 'WITHSCORES')
                local tenant = first[1]
                if not tenant then break end
                local alone = redis.call('ZCARD', q .. ':ring') == 1
                local many = alone and (wanted - (#out - 2)) or 1
                local ready = q .. ':t:' .. tenant
                local popped = redis.call('ZPOPMIN', ready, many)
                local weight = tonumber(redis.call('HGET', q .. ':weight', tenant) or '1')
                local virtual = tonumber(first[2]) + (#popped / 2) / weight
                for i = 1, #popped, 2 do
                    redis.call('ZADD', q .. ':lease', now + lease, popped[i])
                    redis.call('HSET', q .. ':tok', popped[i], token)
                    out[#out + 1] = popped[i]
                end
                if redis.call('EXISTS', ready) == 1 then
                    redis.call('ZADD', q .. ':ring', virtual, tenant)
                else
                    redis.call('ZREM', q .. ':ring', tenant)
                    redis.call('HSET', q .. ':vt', tenant, virtual)
                end
            end
            if #out - 2 < wanted then redis.call('SET', q .. ':idle', '1') end
            return out
            """)

    /// ARGV: token, lease in ms, ids...; keeps the leases that this token holds.
    static let renew = LuaFunction(
        name: "renew_v1",
        source: push + """
            for i = 3, #ARGV do
                if redis.call('HGET', q .. ':tok', ARGV[i]) == ARGV[1] then
                    redis.call('ZADD', q .. ':lease', 'XX', now + tonumber(ARGV[2]), ARGV[i])
                end
            end
            return #ARGV - 2
            """)

    /// Drops expired leases, at most ARGV[1]; the sweeper queues again whatever is still ready in Postgres.
    static let reap = LuaFunction(
        name: "reap_v1",
        source: push + """
            local expired = redis.call('ZRANGEBYSCORE', q .. ':lease', '-inf', now, 'LIMIT', 0,
                tonumber(ARGV[1]))
            for _, id in ipairs(expired) do
                redis.call('ZREM', q .. ':lease', id)
                redis.call('HDEL', q .. ':tok', id)
            end
            return #expired
            """)

    /// Returns {ready, leased, due, tenants in the ring, whole}.
    static let depth = LuaFunction(
        name: "depth_v1",
        source: push + """
            local ready = 0
            local tenants = redis.call('ZRANGE', q .. ':ring', 0, 9999)
            for _, tenant in ipairs(tenants) do ready = ready + redis.call('ZCARD', q .. ':t:' .. tenant) end
            return {ready, redis.call('ZCARD', q .. ':lease'), redis.call('ZCARD', q .. ':due'), #tenants,
                redis.call('EXISTS', q .. ':whole')}
            """)
}
