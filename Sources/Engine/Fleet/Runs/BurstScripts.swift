// The burst buffer in Redis: a list of runs that are accepted and not yet in Postgres. Bounded in bytes. An
// entry is known by the digest of its text, which holds the run's id: a Redis that fell back to an older
// state would count numbers a second time.
//
//   cf:{burst:<queue>}:bytes, :list

import Redis

enum BurstScripts {
    /// ARGV: the limit in bytes, an entry, the first twelve hex digits of its run's id, how far their time
    /// may be away in ms. Returns {1, bytes held}, {0, bytes held} where it is full, or {2} where the id is
    /// of another time.
    static let append = LuaFunction(
        name: "burst_append_v2",
        source: """
            local base, entry = KEYS[1], ARGV[2]
            local clock = redis.call('TIME')
            local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
            if math.abs(tonumber(ARGV[3], 16) - now) > tonumber(ARGV[4]) then return {2} end
            local held = tonumber(redis.call('GET', base .. ':bytes') or '0')
            if held + #entry > tonumber(ARGV[1]) then return {0, held} end
            redis.call('RPUSH', base .. ':list', entry)
            return {1, redis.call('INCRBY', base .. ':bytes', #entry)}
            """)

    /// ARGV: how many. Returns {digest, entry, ...}, oldest first.
    static let read = LuaFunction(
        name: "burst_read_v2",
        source: """
            local found = {}
            for _, entry in ipairs(redis.call('LRANGE', KEYS[1] .. ':list', 0, tonumber(ARGV[1]) - 1)) do
                found[#found + 1] = redis.sha1hex(entry)
                found[#found + 1] = entry
            end
            return found
            """)

    /// ARGV: the digests of entries that Postgres has; those of them that stand first go. What an earlier
    /// release wrote has a number before the entry, which was not counted. Returns how many went.
    static let trim = LuaFunction(
        name: "burst_trim_v2",
        source: """
            local base, stored, gone = KEYS[1], {}, 0
            for _, digest in ipairs(ARGV) do stored[digest] = true end
            while gone < #ARGV do
                local first = redis.call('LINDEX', base .. ':list', 0)
                if not first or not stored[redis.sha1hex(first)] then break end
                redis.call('LPOP', base .. ':list')
                redis.call('DECRBY', base .. ':bytes', #first - (string.find(first, '{', 1, true) or 1) + 1)
                gone = gone + 1
            end
            return gone
            """)
}
