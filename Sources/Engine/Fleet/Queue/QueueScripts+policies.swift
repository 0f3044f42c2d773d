// The policies that Postgres holds, mirrored for the claims. A mirror is written whole under a name of its
// own and put in place by one move; then whatever was set aside under the old rules is let go again, in
// bounded portions, because the claims set aside anew what the new rules hold back. The version is noted
// last: whoever dies in between leaves an old version behind, and the next one does it all again.

import Redis

extension QueueScripts {
    /// KEYS: the queue, the name under which a mirror is gathered. ARGV: (what, rule)... Adds to it.
    static let gatherPolicies = LuaFunction(
        name: "gather_policies_v2",
        source: """
            redis.call('HSET', KEYS[2], unpack(ARGV))
            redis.call('EXPIRE', KEYS[2], 300)
            return #ARGV / 2
            """)

    /// KEYS: the queue, the gathered mirror. ARGV: its version. Puts it in the place of an older one; the
    /// version noted stays the old one until `release`. Returns 1 where it was older.
    static let installPolicies = LuaFunction(
        name: "install_policies_v2",
        source: places + """
            local old = redis.call('HGET', q .. ':pol', 'v')
            if old and tonumber(old) > tonumber(ARGV[1]) then
                redis.call('DEL', KEYS[2])
                return 0
            end
            redis.call('RENAME', KEYS[2], q .. ':pol')
            redis.call('PERSIST', q .. ':pol')
            if old then
                redis.call('HSET', q .. ':pol', 'v', old)
            else
                redis.call('HDEL', q .. ':pol', 'v')
            end
            return 1
            """)

    /// ARGV: the version that was installed, at most how many to let go, 1 to note the version whatever is
    /// left. Lets go what was set aside, then notes the version and rings the bell. Returns how many are
    /// left.
    static let release = LuaFunction(
        name: "release_policies_v2",
        source: places + """
            local portion = tonumber(ARGV[2])
            local tenants = redis.call('ZRANGE', q .. ':pt', 0, portion - 1, 'WITHSCORES')
            for i = 1, #tenants, 2 do
                redis.call('ZREM', q .. ':pt', tenants[i])
                enter_ring(tenants[i], tonumber(tenants[i + 1]))
            end
            portion = portion - #tenants / 2
            local open = 0
            for _, workflow in ipairs(redis.call('SMEMBERS', q .. ':pws')) do
                local aside = q .. ':pw:' .. workflow
                local lanes = portion > 0 and redis.call('ZRANGE', aside, 0, portion - 1) or {}
                portion = portion - #lanes
                for _, tenant in ipairs(lanes) do
                    redis.call('ZREM', aside, tenant)
                    local lane = q .. ':r:' .. workflow .. '\\n' .. tenant
                    local head = redis.call('ZRANGE', lane, 0, 0, 'WITHSCORES')
                    if head[2] then show_lane(tenant, workflow, head[2]) end
                end
                if redis.call('EXISTS', aside) == 0 then
                    redis.call('SREM', q .. ':pws', workflow)
                    redis.call('SREM', q .. ':open', workflow)
                else
                    open = open + redis.call('ZCARD', aside)
                end
            end
            local left = redis.call('ZCARD', q .. ':pt') + open
            if left == 0 or ARGV[3] == '1' then redis.call('HSET', q .. ':pol', 'v', ARGV[1]) end
            ring_bell()
            return left
            """)

    /// Returns the version of the mirror, or 0.
    static let policyVersion = LuaFunction(
        name: "policy_version_v2",
        source: """
            return tonumber(redis.call('HGET', KEYS[1] .. ':pol', 'v') or '0')
            """)
}
