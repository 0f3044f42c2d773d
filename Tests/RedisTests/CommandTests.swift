import Foundation
import TestServers
import Testing

@testable import Redis

@Suite("commands against a server", .timeLimit(.minutes(2)))
struct CommandTests {
    @Test("bytes come back as they went, over TCP and the unix socket")
    func roundTrip() async throws {
        let everyByte = (0..<4096).map { UInt8(truncatingIfNeeded: $0) }
        let key = RedisArgument("binary:\(UUID())")
        for url in [
            try await TestServers.shared.freshRedisURL(), try await TestServers.shared.redisSocketURL(),
        ] {
            try await withClient(url) { client in
                let stored = try await client.send(RedisCommand("SET", key, RedisArgument(everyByte)))
                #expect(stored == .status("OK"))
                #expect(try await client.send(RedisCommand("GET", key)) == .bulk(everyByte))
                #expect(try await client.send(RedisCommand("GET", "no such key")) == .null)
                #expect(try await client.send(RedisCommand("STRLEN", key)).int == 4096)
            }
        }
    }

    @Test("eight megabytes go out and come back")
    func large() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL()) { client in
            let bytes = [UInt8](repeating: 7, count: 8 << 20)
            try await client.send(RedisCommand("SET", "large", RedisArgument(bytes)))
            #expect(try await client.send(RedisCommand("GET", "large")).bytes == bytes)
        }
    }

    @Test("a pipeline of ten thousand answers in order, errors in their places")
    func longPipeline() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL()) { client in
            var commands = (0..<10_000).map { RedisCommand("ECHO", "\($0)") }
            commands[5_000] = RedisCommand("NOSUCHCOMMAND")

            let replies = try await client.pipeline(commands)

            #expect(replies.count == 10_000)
            for (number, reply) in replies.enumerated() where number != 5_000 {
                try #require(reply.int == number)
            }
            let error = #expect(throws: RedisError.self) { try replies[5_000].get() }
            #expect(error?.code == "ERR")
            #expect(try await client.pipeline([]) == [])
        }
    }

    @Test("each of hundreds of concurrent callers gets its own replies")
    func concurrentCallers() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL()) { client in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for caller in 0..<300 {
                    group.addTask {
                        for round in 0..<30 {
                            let text = "\(caller).\(round)"
                            if try await client.send(RedisCommand("ECHO", "\(text)")).string != text {
                                return false
                            }
                        }
                        let pair = try await client.pipeline([
                            RedisCommand("ECHO", "\(caller)"), RedisCommand("INCR", "count"),
                        ])
                        return pair[0].int == caller
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            #expect(try await client.send(RedisCommand("GET", "count")).int == 300)
        }
    }

    @Test("an error reply is thrown with its code and breaks nothing")
    func errorReply() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL()) { client in
            try await client.send(RedisCommand("SET", "text", "a"))

            let error = await failure { try await client.send(RedisCommand("LPUSH", "text", 1)) }

            #expect(error?.code == "WRONGTYPE")
            #expect(error?.mayHaveRun == false)
            #expect(try await client.send(RedisCommand("GET", "text")).string == "a")
        }
    }

    @Test("what is over the limits is refused before it is sent")
    func limits() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL(), { $0.maximumWaitingCommands = 10 })
        { client in
            let commands = [RedisCommand](repeating: RedisCommand("INCR", "n"), count: 11)

            let error = await failure { try await client.pipeline(commands) }

            #expect(error == .queueFull(limit: "10 commands are waiting"))
            let allowed = try await client.pipeline(Array(commands.prefix(10)))
            #expect(allowed.last == .integer(10))
            #expect(try await client.pipeline(Array(commands.prefix(10))).last == .integer(20))
        }
    }

    @Test("users and passwords sign in; without one the server's refusal is told at once")
    func signIn() async throws {
        try await PrivateServers.with([.redis]) { servers in
            let url = servers.redisURL()
            try await servers.redisCLI("ACL", "SETUSER", "shop", "on", ">p@ss", "~*", "&*", "+@all")
            try await servers.redisCLI("CONFIG", "SET", "requirepass", "secret")
            for credentials in [":secret@", "secret@", "shop:p%40ss@"] {
                try await withClient(url.replacing("://", with: "://" + credentials)) { client in
                    let name = try await client.send(RedisCommand("ACL", "WHOAMI"))
                    #expect(name.string == (credentials.hasPrefix("shop") ? "shop" : "default"))
                }
            }
            for (credentials, code) in [("", "NOAUTH"), (":wrong@", "WRONGPASS")] {
                try await withClient(url.replacing("://", with: "://" + credentials)) { client in
                    let error = await failure { try await client.send(RedisCommand("PING")) }
                    #expect(error?.code == code)
                }
            }
        }
    }

    @Test("a wrong user and a wrong database are told at once")
    func wrongSignIn() async throws {
        let socket = try await TestServers.shared.redisSocketURL(database: 0)
        for (url, code) in [
            (socket.replacing("unix://", with: "unix://nobody:wrong@"), "WRONGPASS"),
            (socket.replacing("db=0", with: "db=99999"), "ERR"),
        ] {
            try await withClient(url) { client in
                let error = await failure { try await client.send(RedisCommand("PING")) }
                #expect(error?.code == code)
            }
        }
    }

    @Test("shutdown ends what comes after it, and may be repeated")
    func shutdown() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL()) { client in
            try await client.send(RedisCommand("PING"))
            let stream = client.subscribe(["shutdown:\(UUID())"])

            await client.shutdown()
            await client.shutdown()

            let sending = await failure { try await client.send(RedisCommand("PING")) }
            #expect(sending == .closed)
            let blocking = await failure {
                try await client.blocking(RedisCommand("BLPOP", "list"), timeout: .seconds(1))
            }
            #expect(blocking == .closed)
            for await _ in stream {}
            for await _ in client.subscribe(["later"]) {}
        }
    }

    @Test("a client that is let go leaves the server")
    func release() async throws {
        try await withClient(try await TestServers.shared.redisURL()) { witness in
            let name = "leaver-\(UUID())"
            var configuration = witness.configuration
            configuration.clientName = name
            var client: RedisClient? = RedisClient(configuration)
            let id = try await client?.send(RedisCommand("CLIENT", "ID")).int ?? 0

            client = nil

            // Each answer of the server is a chance for it to have seen the socket close.
            while try await witness.send(RedisCommand("CLIENT", "LIST", "ID", "\(id)")).string?.contains(name)
                == true
            {}
        }
    }
}
