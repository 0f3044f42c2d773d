// The burst buffer in Redis: a list of runs that are accepted and not yet in Postgres, each with a number
// that rises without gaps. Bounded in bytes.
//
//   cf:{burst:<queue>}:id, :seq, :bytes, :list

import Redis

enum BurstScripts {
    /// ARGV: an id for a new buffer, the limit in bytes, an entry. Returns {1, number} or {0, bytes held}.
    static let append = LuaFunction(
        name: "burst_append_v1",
        source: """
            local base, entry = KEYS[1], ARGV[3]
            local held = tonumber(redis.call('GET', base .. ':bytes') or '0')
            if held + #entry > tonumber(ARGV[2]) then return {0, held} end
            redis.call('SET', base .. ':id', ARGV[1], 'NX')
            local number = redis.call('INCR', base .. ':seq')
            redis.call('INCRBY', base .. ':bytes', #entry)
            redis.call('RPUSH', base .. ':list', number .. '\\n' .. entry)
            return {1, number}
            """)

    /// ARGV: how many. Returns {the buffer's id, entries...}, oldest first.
    static let read = LuaFunction(
        name: "burst_read_v1",
        source: """
            local entries = redis.call('LRANGE', KEYS[1] .. ':list', 0, tonumber(ARGV[1]) - 1)
            table.insert(entries, 1, redis.call('GET', KEYS[1] .. ':id') or '')
            return entries
            """)

    /// ARGV: the buffer's id, the last number that Postgres has, how many at most. Returns how many went.
    static let trim = LuaFunction(
        name: "burst_trim_v1",
        source: """
            local base = KEYS[1]
            if redis.call('GET', base .. ':id') ~= ARGV[1] then return 0 end
            local gone = 0
            while gone < tonumber(ARGV[3]) do
                local first = redis.call('LINDEX', base .. ':list', 0)
                if not first then break end
                local cut = string.find(first, '\\n', 1, true)
                if tonumber(string.sub(first, 1, cut - 1)) > tonumber(ARGV[2]) then break end
                redis.call('LPOP', base .. ':list')
                redis.call('DECRBY', base .. ':bytes', #first - cut)
                gone = gone + 1
            end
            return gone
            """)
}
