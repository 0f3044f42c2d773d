// Keeping, taking up again and dropping leases.

import Redis

extension QueueScripts {
    /// ARGV: token, lease in ms, ids...; keeps the leases that this token holds. Returns the ids that nobody
    /// holds.
    static let renew = LuaFunction(
        name: "renew_v2",
        source: places + """
            local prefix = ARGV[1] .. '\\n'
            local lost = {}
            for i = 3, #ARGV do
                local holder = redis.call('HGET', q .. ':tok', ARGV[i])
                if not holder then
                    lost[#lost + 1] = ARGV[i]
                elseif string.sub(holder, 1, #prefix) == prefix then
                    redis.call('ZADD', q .. ':lease', 'XX', now + tonumber(ARGV[2]), ARGV[i])
                end
            end
            return lost
            """)

    /// ARGV: lease in ms, (id, token, workflow, tenant)...; leases runs that are under way in Postgres and
    /// that nobody holds here, so that caps count them.
    static let adopt = LuaFunction(
        name: "adopt_v3",
        source: places + counts + """
            local adopted = 0
            for i = 2, #ARGV, 4 do
                local id, workflow, tenant = ARGV[i], ARGV[i + 2], ARGV[i + 3]
                local holder = ARGV[i + 1] .. '\\n' .. workflow .. '\\n' .. tenant
                ready = ready - redis.call('ZREM', q .. ':r:' .. workflow .. '\\n' .. tenant, id)
                if redis.call('HSETNX', q .. ':tok', id, holder) == 1 then
                    count('t:' .. tenant, 1)
                    count('w:' .. workflow, 1)
                    adopted = adopted + 1
                end
                redis.call('ZADD', q .. ':lease', now + tonumber(ARGV[1]), id)
            end
            write_counts()
            return adopted
            """)

    /// Answers expired leases, at most ARGV[1].
    static let expired = LuaFunction(
        name: "expired_v2",
        source: places + """
            return redis.call('ZRANGEBYSCORE', q .. ':lease', '-inf', now, 'LIMIT', 0, tonumber(ARGV[1]))
            """)

    /// ARGV: ids...; drops those of them whose leases have expired. The sweeper queues again whatever is
    /// still ready in Postgres. Returns how many.
    static let drop = LuaFunction(
        name: "drop_v3",
        source: places + counts + """
            local dropped = 0
            for i = 1, #ARGV do
                local expiry = tonumber(redis.call('ZSCORE', q .. ':lease', ARGV[i]) or '1e99')
                if expiry <= now then
                    local holder = redis.call('HGET', q .. ':tok', ARGV[i])
                    if holder then release(ARGV[i], holder) end
                    redis.call('ZREM', q .. ':lease', ARGV[i])
                    dropped = dropped + 1
                end
            end
            reopen()
            write_counts()
            if dropped > 0 then ring_bell() end
            return dropped
            """)
}
