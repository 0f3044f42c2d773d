import Testing

@testable import Redis

@Suite("the URL of a Redis server")
struct ConfigurationTests {
    @Test("every form names an address")
    func addresses() throws {
        #expect(try RedisConfiguration("redis://cache").address == .tcp(host: "cache", port: 6379))
        #expect(try RedisConfiguration("redis://[::1]:7000/3").address == .tcp(host: "::1", port: 7000))
        #expect(try RedisConfiguration("redis://[::1]:7000/3").database == 3)
        #expect(try RedisConfiguration("redis://h:1?db=4").database == 4)
        #expect(
            try RedisConfiguration("unix:///run/redis/a%20b.sock?db=2").address
                == .unix(path: "/run/redis/a b.sock"))
        #expect(try RedisConfiguration("unix:///run/redis.sock?db=2").database == 2)
        #expect(try RedisConfiguration("redis://h").tls == nil)
        #expect(
            try RedisConfiguration("rediss://h?cafile=/etc/ca.pem").tls == .init(authorityFile: "/etc/ca.pem")
        )
    }

    @Test("a password stands alone, after a colon, or after a user, and may be percent-encoded")
    func credentials() throws {
        for url in ["redis://s%40cret@h", "redis://:s%40cret@h", "unix://:s%40cret@/run/r.sock"] {
            let configuration = try RedisConfiguration(url)
            #expect(configuration.password == "s@cret")
            #expect(configuration.user == nil)
        }
        let named = try RedisConfiguration("redis://shop:a:b@h:9/1")
        #expect(named.user == "shop")
        #expect(named.password == "a:b")
    }

    @Test("options set names and limits")
    func options() throws {
        let configuration = try RedisConfiguration("redis://h?name=worker&timeout=0.5&connect_timeout=2")
        #expect(configuration.clientName == "worker")
        #expect(configuration.commandTimeout == .milliseconds(500))
        #expect(configuration.connectTimeout == .seconds(2))
    }

    @Test(
        "a mistake is named",
        arguments: [
            ("localhost:6379", "scheme"), ("http://h", "http"), ("redis://", "host is missing"),
            ("redis://h:port", "port"), ("redis://h:0", "port"), ("redis://h:70000", "70000"),
            ("redis://h/one", "one"), ("redis://h/-1", "-1"), ("redis://h?speed=high", "speed"),
            ("redis://h?cafile=/x", "rediss"), ("rediss://h?cafile=", "cafile"), ("unix://", "path"),
            ("redis://:a%zz@h", "password"), ("redis://:@h", "password"), ("redis://[::1", "]"),
            ("redis://h?timeout=soon", "timeout"), ("redis://h?name=a%20b", "name"),
        ])
    func mistakes(url: String, named: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url) }
        guard case .badURL(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains(named))
    }

    @Test("a mistake never repeats the password")
    func secrecy() {
        for url in ["redis://:hunter2@h:port", "redis://:hunter2@h/one", "hunter2@h", "redis://:hunter2%@h"] {
            let error = #expect(throws: RedisError.self) { try RedisConfiguration(url) }
            #expect("\(String(describing: error))".contains("hunter2") == false)
        }
    }
}
