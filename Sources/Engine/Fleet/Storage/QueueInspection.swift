import Durable
import Foundation
import Redis

extension QueueScripts {
    /// ARGV: margin in ms after which a lease is over for long, then (id, tenant, workflow)...; answers one
    /// number for each, made of the bits of `QueueWhereabouts`.
    static let whereabouts = LuaFunction(
        name: "whereabouts_v1",
        source: """
            local q = KEYS[1]
            local clock = redis.call('TIME')
            local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
            local out = {}
            for i = 2, #ARGV, 3 do
                local id, tenant, workflow = ARGV[i], ARGV[i + 1], ARGV[i + 2]
                local bits = 0
                if redis.call('ZSCORE', q .. ':r:' .. workflow .. '\\n' .. tenant, id) then
                    bits = 1
                    local is_served = redis.call('ZSCORE', q .. ':l:' .. tenant, workflow)
                        and (redis.call('ZSCORE', q .. ':ring', tenant)
                            or redis.call('ZSCORE', q .. ':pt', tenant))
                    local is_aside = redis.call('ZSCORE', q .. ':pw:' .. workflow, tenant)
                    if is_served or is_aside then bits = bits + 2 end
                end
                if redis.call('HEXISTS', q .. ':tok', id) == 1 then
                    bits = bits + 4
                    local expiry = tonumber(redis.call('ZSCORE', q .. ':lease', id) or '0')
                    if expiry + tonumber(ARGV[1]) < now then bits = bits + 8 end
                end
                out[#out + 1] = bits
            end
            return out
            """)
}

extension RunQueue {
    private static let inspectionPage = 1_000

    /// Where Redis has each of `runs`, which are of the queue of that name.
    func whereabouts(of runs: [RunFacts], in queue: String, leaseMargin: Duration) async throws
        -> [RunID: QueueWhereabouts]
    {
        var found: [RunID: QueueWhereabouts] = [:]
        for start in stride(from: 0, to: runs.count, by: Self.inspectionPage) {
            let page = runs[start..<min(start + Self.inspectionPage, runs.count)]
            var arguments = [RedisArgument(leaseMargin.milliseconds)]
            for run in page {
                arguments.append(RedisArgument(run.id.description))
                arguments.append(RedisArgument(run.tenant))
                arguments.append(RedisArgument(run.workflow))
            }
            let reply = try await redis.call(
                QueueScripts.whereabouts, keys: [Self.key(queue)], arguments)
            guard case .array(let bits) = reply, bits.count == page.count else {
                throw RedisError.protocolViolation("whereabouts answered \(reply)")
            }
            for (run, bits) in zip(page, bits) {
                found[run.id] = QueueWhereabouts(rawValue: Int(bits.int ?? 0))
            }
        }
        return found
    }

    /// Whether Redis has had everything since it last lost its data, for the queue of that name.
    func isWhole(_ queue: String) async throws -> Bool {
        try await redis.send(RedisCommand("EXISTS", RedisArgument("\(Self.key(queue)):whole"))).int == 1
    }
}
