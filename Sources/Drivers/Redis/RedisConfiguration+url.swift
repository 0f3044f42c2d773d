// Forms: redis://[[user:]password@]host[:port][/database], rediss:// for TLS,
// unix://[[user:]password@]/path. Options after `?`: db, cafile (rediss only), name, timeout and
// connect_timeout in seconds. Parsed by hand, because a person who mistyped a URL deserves to be told which
// part of it is wrong. A message never repeats the part before `@`: it ends up in logs.

extension RedisConfiguration {
    /// - Throws: ``RedisError/badURL(_:)`` that names the part which cannot be used.
    public init(_ url: String) throws(RedisError) {
        guard let mark = url.firstRange(of: "://") else {
            throw .badURL("it has no scheme; write redis://host:6379/0, rediss://host or unix:///path")
        }
        let scheme = url[..<mark.lowerBound].lowercased()
        let (body, query) = url[mark.upperBound...].divided(at: "?")

        // Only what stands before the path may hold a password: a path can contain `@` itself.
        let (authority, path) = body.divided(at: "/")
        let (host, credentials) = Self.divideCredentials(authority)

        switch scheme {
        case "redis", "rediss":
            let (name, port) = try Self.parseHost(host)
            self.init(address: .tcp(host: name, port: port), database: try Self.parseDatabase(path ?? ""))
            tls = scheme == "rediss" ? TLS() : nil
        case "unix":
            guard host.isEmpty, let path, !path.isEmpty else {
                throw .badURL("a unix socket needs an absolute path, as in unix:///run/redis.sock")
            }
            self.init(address: .unix(path: "/" + (try Self.decode(path, "the path"))), database: 0)
        default:
            throw .badURL("unknown scheme \"\(scheme)\"; use redis, rediss or unix")
        }
        try apply(credentials: credentials)
        for option in (query ?? "").split(separator: "&") {
            try apply(option: option)
        }
    }

    init(address: Address, database: Int) {
        self.address = address
        self.database = database
    }

    private static func divideCredentials(_ authority: Substring) -> (
        host: Substring, credentials: Substring?
    ) {
        guard let at = authority.lastIndex(of: "@") else { return (authority, nil) }
        return (authority[authority.index(after: at)...], authority[..<at])
    }

    private static func parseHost(_ text: Substring) throws(RedisError) -> (String, UInt16) {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw .badURL("the host has a [ without a ]") }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { throw .badURL("\"\(rest)\" follows the host") }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            (host, port) = text.divided(at: ":")
        }
        guard !host.isEmpty else { throw .badURL("the host is missing, as in redis://localhost:6379") }
        guard let port else { return (try decode(host, "the host"), 6379) }
        guard let number = UInt16(port), number > 0 else {
            throw .badURL("the port \"\(port)\" is not a number from 1 to 65535")
        }
        return (try decode(host, "the host"), number)
    }

    private static func parseDatabase(_ text: Substring) throws(RedisError) -> Int {
        if text.isEmpty { return 0 }
        guard let number = Int(text), number >= 0 else {
            throw .badURL("the database \"\(text)\" is not a number")
        }
        return number
    }

    private static func decode(_ text: Substring, _ part: String) throws(RedisError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = Substring(rest.prefix(2)).hexadecimalByte else {
                throw .badURL(
                    "\(part) has a % that is not followed by two hexadecimal digits; write %25 for it")
            }
            bytes.append(digits)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw .badURL("\(part) is not UTF-8 text, or has a zero byte")
        }
        return decoded
    }

    private mutating func apply(credentials: Substring?) throws(RedisError) {
        guard let credentials else { return }
        let (first, second) = credentials.divided(at: ":")
        if let second {
            user = first.isEmpty ? nil : try Self.decode(first, "the user")
            password = try Self.decode(second, "the password")
        } else {
            password = try Self.decode(first, "the password")
        }
        if password?.isEmpty == true { throw .badURL("there is an @ but no password before it") }
    }

    private mutating func apply(option: Substring) throws(RedisError) {
        let (name, encoded) = option.divided(at: "=")
        let value = try Self.decode(encoded ?? "", "the option \(name)")
        switch name {
        case "db":
            database = try Self.parseDatabase(value[...])
        case "cafile":
            guard tls != nil else { throw .badURL("the option cafile needs the scheme rediss") }
            guard !value.isEmpty else { throw .badURL("the option cafile names no file") }
            tls?.authorityFile = value
        case "name":
            guard !value.isEmpty, value.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
                throw .badURL("the option name must be printable ASCII without spaces")
            }
            clientName = value
        case "timeout":
            commandTimeout = try Self.parseSeconds(value, "timeout")
        case "connect_timeout":
            connectTimeout = try Self.parseSeconds(value, "connect_timeout")
        default:
            throw .badURL(
                "unknown option \"\(name)\"; known are db, cafile, name, timeout and connect_timeout")
        }
    }

    private static func parseSeconds(_ text: String, _ option: String) throws(RedisError) -> Duration {
        guard let seconds = Double(text), seconds > 0, seconds <= 86_400 else {
            throw .badURL("the option \(option) is not a number of seconds between 0 and 86400")
        }
        return .seconds(seconds)
    }
}

extension Substring {
    fileprivate var hexadecimalByte: UInt8? {
        utf8.count == 2 && allSatisfy(\.isHexDigit) ? UInt8(self, radix: 16) : nil
    }

    /// The text before the first such character, and what follows it; nil when it is not there.
    fileprivate func divided(at mark: Character) -> (Substring, Substring?) {
        guard let position = firstIndex(of: mark) else { return (self, nil) }
        return (self[..<position], self[index(after: position)...])
    }
}
