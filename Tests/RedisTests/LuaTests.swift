import TestServers
import Testing

@testable import Redis

@Suite("Lua functions", .timeLimit(.minutes(2)))
struct LuaTests {
    private let add = LuaFunction(
        name: "add_v1", source: "return redis.call('incrby', KEYS[1], ARGV[1])")
    private let read = LuaFunction(name: "read_v1", source: "return {KEYS[1], redis.call('get', KEYS[1])}")
    private let fail = LuaFunction(name: "fail_v1", source: "return redis.error_reply('LIMIT too much')")

    @Test("a function is loaded when it is first called, and again after a flush")
    func loading() async throws {
        try await PrivateServers.with([.redis]) { servers in
            try await withClient(servers.redisURL()) { client in
                #expect(try await client.call(add, keys: ["n"], [2]) == .integer(2))
                #expect(try await client.call(add, keys: ["n"], [3]) == .integer(5))

                try await servers.redisCLI("SCRIPT", "FLUSH")
                #expect(try await client.call(add, keys: ["n"], [1]) == .integer(6))

                try await servers.flushAll()
                #expect(try await client.call(add, keys: ["n"], [1]) == .integer(1))

                try await servers.killRedis()
                try await servers.startRedis()
                try await client.send(RedisCommand("SET", "n", 40))
                #expect(try await client.call(add, keys: ["n"], [2]) == .integer(42))
            }
        }
    }

    @Test("functions inside a pipeline keep their order with the commands around them")
    func pipelines() async throws {
        try await PrivateServers.with([.redis]) { servers in
            try await withClient(servers.redisURL()) { client in
                let commands = [
                    RedisCommand("SET", "n", 1), add.command(keys: ["n"], [10]), RedisCommand("GET", "n"),
                    fail.command(keys: [], []), read.command(keys: ["n"], []), RedisCommand("DEL", "n"),
                ]
                let expected: [RedisValue] = [
                    .status("OK"), .integer(11), .bulk(Array("11".utf8)),
                    .error(code: "LIMIT", message: "too much"),
                    .array([.bulk(Array("n".utf8)), .bulk(Array("11".utf8))]), .integer(1),
                ]

                #expect(try await client.pipeline(commands) == expected)
                #expect(try await client.pipeline(commands) == expected)
                try await servers.killRedis()
                try await servers.startRedis()
                try await client.send(RedisCommand("PING"))
                #expect(try await client.pipeline(commands) == expected)
            }
        }
    }

    @Test("functions flushed behind the client's back still all run, once each")
    func flushedPipeline() async throws {
        try await PrivateServers.with([.redis]) { servers in
            try await withClient(servers.redisURL()) { client in
                let adding = [RedisCommand](repeating: add.command(keys: ["n"], [1]), count: 100)
                try await client.pipeline(adding)

                try await servers.flushAll()
                let replies = try await client.pipeline(adding + [read.command(keys: ["n"], [])])

                #expect(replies.prefix(100).allSatisfy { $0.int != nil })
                #expect(replies[100].strings == ["n", "100"])
            }
        }
    }

    @Test("an error that a function returns is thrown with its code")
    func errors() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL()) { client in
            let error = await failure { try await client.call(fail, keys: []) }
            #expect(error == .reply(code: "LIMIT", message: "too much"))
        }
    }
}
