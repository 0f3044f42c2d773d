import TestServers
import Testing

@testable import Redis

@Suite("servers that fail", .timeLimit(.minutes(2)))
struct OutageTests {
    @Test("what was in flight when the server was killed may have run; the client comes back by itself")
    func killedInFlight() async throws {
        try await PrivateServers.with([.redis]) { servers in
            try await withClient(servers.redisURL()) { client in
                var messages = client.subscribe(["progress"]).makeAsyncIterator()
                #expect(await messages.next() == .subscribed)
                async let lost = failure {
                    // The message proves that the pop behind it has reached the server, where it waits for
                    // ever.
                    try await client.pipeline([
                        RedisCommand("PUBLISH", "progress", "written"), RedisCommand("BLPOP", "nothing", 0),
                    ])
                }
                #expect(
                    await messages.next() == .published(channel: "progress", payload: Array("written".utf8)))

                try await servers.killRedis()

                let error = await lost
                #expect(error?.isConnectionLoss == true)
                #expect(error?.mayHaveRun == true)

                try await servers.startRedis()
                #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
                #expect(await messages.next() == .subscribed)
                try await client.send(RedisCommand("PUBLISH", "progress", "again"))
                #expect(
                    await messages.next() == .published(channel: "progress", payload: Array("again".utf8)))
            }
        }
    }

    @Test("a command given while the server is down waits for it")
    func waitsForServer() async throws {
        try await PrivateServers.with([.redis]) { servers in
            try await servers.killRedis()
            try await withClient(servers.redisURL()) { client in
                async let reply = client.send(RedisCommand("ECHO", "late"))
                try await servers.startRedis()
                #expect(try await reply.string == "late")
            }
        }
    }

    @Test("a command given while the server stays down fails in time, says why, and did not run")
    func staysDown() async throws {
        let server = FakeServer { _ in .nothing }
        server.close()
        try await withClient(server.url, { $0.commandTimeout = .seconds(1) }) { client in
            let error = await failure { try await client.send(RedisCommand("PING")) }
            guard case .connection(let reason, mayHaveRun: false) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.contains("cannot connect to 127.0.0.1:\(server.port)"))
        }
    }

    @Test("a broken connection never sends a command twice")
    func neverTwice() async throws {
        let server = FakeServer { $0.contains("INCR") ? .hangUp : .say("+OK\r\n") }
        defer { server.close() }
        try await withClient(server.url) { client in
            let error = await failure { try await client.send(RedisCommand("INCR", "n")) }
            #expect(error?.mayHaveRun == true)
            let next = try await client.send(RedisCommand("GET", "n"))
            #expect(next == .status("OK"))
            #expect(server.heard.filter { $0.contains("INCR") }.count == 1)
        }
    }

    @Test("a reply that comes too late does not reach the next caller")
    func lateReply() async throws {
        try await PrivateServers.with([.redis]) { servers in
            try await withClient(servers.redisURL(), { $0.commandTimeout = .seconds(1) }) { client in
                try await client.send(RedisCommand("CLIENT", "PAUSE", 600_000, "WRITE"))
                let error = await failure { try await client.send(RedisCommand("SET", "a", "1")) }
                #expect(error == .timeout(after: .seconds(1), mayHaveRun: true))

                try await servers.redisCLI("CLIENT", "UNPAUSE")

                #expect(try await client.send(RedisCommand("ECHO", "mine")).string == "mine")
            }
        }
    }

    @Test("a server that fell silent is left, and found again")
    func silence() async throws {
        let server = FakeServer { $0.contains("SILENCE") ? .nothing : .say("+OK\r\n") }
        defer { server.close() }
        try await withClient(server.url, { $0.commandTimeout = .seconds(1) }) { client in
            try await client.send(RedisCommand("GET", "n"))

            let first = await failure { try await client.send(RedisCommand("SILENCE")) }
            // This one queues behind the missing reply, until the connection is given up.
            let second = await failure { try await client.send(RedisCommand("SILENCE")) }
            let reply = try await client.send(RedisCommand("GET", "n"))

            #expect(first == .timeout(after: .seconds(1), mayHaveRun: true))
            #expect(second?.mayHaveRun == true)
            #expect(reply == .status("OK"))
        }
    }

    @Test("a server that accepts but never answers is a failure to connect")
    func muteServer() throws {
        let server = FakeServer { _ in .nothing }
        defer { server.close() }
        // With a name to set, the greeting is two commands, of which the fake server answers one.
        let failure = try dialFailure(server.url + "?name=x", within: .milliseconds(50))
        let reason = "127.0.0.1:\(server.port) accepts connections but does not answer"
        #expect(failure?.error == .connection(reason: reason, mayHaveRun: false))
        #expect(failure?.isLasting == false)
    }

    @Test(
        "what is not the protocol ends the connection and is called so",
        arguments: ["?what\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "*1\r\n$zz\r\n"])
    func malformed(words: String) async throws {
        let server = FakeServer { $0.contains("BAD") ? .say(words) : .say("+OK\r\n") }
        defer { server.close() }
        try await withClient(server.url) { client in
            let error = await failure { try await client.send(RedisCommand("BAD")) }
            guard case .protocolViolation = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.mayHaveRun == true)
            let next = try await client.send(RedisCommand("GOOD"))
            #expect(next == .status("OK"))
        }
    }

    @Test("a reply that nobody asked for, and one over the limit, end the connection")
    func unexpectedReplies() async throws {
        let server = FakeServer { text in
            if text.contains("TWICE") { return .say("+OK\r\n+OK\r\n") }
            return text.contains("LARGE")
                ? .say("$9000\r\n" + String(repeating: "x", count: 5000)) : .say("+OK\r\n")
        }
        defer { server.close() }
        try await withClient(server.url, { $0.maximumReplyBytes = 4000 }) { client in
            let twice = try await client.send(RedisCommand("TWICE"))
            #expect(twice == .status("OK"))
            #expect(try await client.send(RedisCommand("GET")) == .status("OK"))
            let error = await failure { try await client.send(RedisCommand("LARGE")) }
            #expect(error == .protocolViolation("a reply is larger than the limit of 4000 bytes"))
        }
    }

    @Test("shutdown fails what is in flight and what waits to be sent")
    func shutdownWithWaiters() async throws {
        let (asked, hears) = AsyncStream<Void>.makeStream()
        let server = FakeServer { _ in
            hears.yield()
            return .nothing
        }
        defer { server.close() }
        try await withClient(server.url) { client in
            async let written = failure { try await client.send(RedisCommand("GET", "a")) }
            var questions = asked.makeAsyncIterator()
            await questions.next()

            await client.shutdown()

            #expect(await written == .connection(reason: "the client was shut down", mayHaveRun: true))
        }
        let absent = FakeServer { _ in .nothing }
        absent.close()
        var configuration = try RedisConfiguration(absent.url)
        configuration.commandTimeout = .seconds(600)
        let connection = Connection.start(configuration, logger: .init(label: "redis.tests"))
        await withTaskGroup(of: Result<RedisValue, RedisError>.self) { group in
            group.addTask { await connection.submit(RedisCommand("PING"), patience: connection.patience) }
            await connection.shutdown()
            #expect(await group.next() == .failure(.closed))
        }
    }

    @Test("a full memory is an error with the code OOM")
    func outOfMemory() async throws {
        try await PrivateServers.with([.redis]) { servers in
            try await withClient(servers.redisURL()) { client in
                try await client.send(RedisCommand("CONFIG", "SET", "maxmemory-policy", "noeviction"))
                try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", 1))

                let error = await failure { try await client.send(RedisCommand("SET", "a", "b")) }

                #expect(error?.code == "OOM")
            }
        }
    }
}
