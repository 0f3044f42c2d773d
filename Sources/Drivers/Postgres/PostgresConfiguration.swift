internal import CLibpq

// libpq reads the URL and the keywords, so everything that its documentation describes works here: service
// files, several hosts, every `sslmode`. What it would only notice while connecting, and then for ever, is
// checked at once.

/// Where a server is and how to talk to it.
public struct PostgresConfiguration: Sendable {
    /// What `pg_stat_activity` shows.
    public var applicationName: String? {
        get { parameters["application_name"] }
        set { parameters["application_name"] = newValue }
    }

    /// How long connecting may take, TLS and sign-in included.
    public var connectTimeout: Duration = .seconds(10)

    /// The server ends a statement that takes longer. The driver gives up a server that does not answer at
    /// all some seconds after that.
    public var statementTimeout: Duration?

    /// The server ends a statement that waits longer for one lock.
    public var lockTimeout: Duration?

    /// The role to sign in as.
    public var user: String {
        get { parameters["user"] ?? "" }
        set { parameters["user"] = newValue }
    }

    public var password: String? {
        get { parameters["password"] }
        set { parameters["password"] = newValue }
    }

    public var database: String? {
        get { parameters["dbname"] }
        set { parameters["dbname"] = newValue }
    }

    public var host: String? {
        get { parameters["host"] }
        set { parameters["host"] = newValue }
    }

    public var port: Int {
        get { parameters["port"].flatMap { Int($0) } ?? 5432 }
        set { parameters["port"] = String(newValue) }
    }

    /// What was given explicitly, by libpq's keywords.
    private var parameters: [String: String]

    /// Reads `postgres://user:password@host:port/database?sslmode=require` or `host=... user=...
    /// dbname=...`. A unix socket is `postgres://user@/database?host=/run/postgresql`.
    ///
    /// - Throws: ``PostgresError/configuration(_:)`` that names what is wrong, without the password.
    public init(_ url: String) throws(PostgresError) {
        guard !url.utf8.contains(0) else { throw .configuration("the URL contains a zero byte") }
        if let scheme = url.firstRange(of: "://").map({ url[..<$0.lowerBound] }),
            scheme.allSatisfy(\.isLetter), !["postgres", "postgresql"].contains(scheme)
        {
            throw .configuration("the URL's scheme is \"\(scheme)\"; it must be postgres")
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &message) else {
            let text = message.map { String(cString: $0) } ?? "out of memory"
            PQfreemem(message)
            throw .configuration(Self.redact(text, from: url))
        }
        defer { PQconninfoFree(options) }

        parameters = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                parameters[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        try validate()
    }

    private func validate() throws(PostgresError) {
        if let mode = parameters["sslmode"], !Self.sslModes.contains(mode) {
            throw .configuration(
                "sslmode is \"\(mode)\"; it must be one of \(Self.sslModes.joined(separator: ", "))")
        }
        for port in (parameters["port"] ?? "").split(separator: ",") {
            guard let number = Int(port), (1...65535).contains(number) else {
                throw .configuration("the port \"\(port)\" is not a number from 1 to 65535")
            }
        }
        if let seconds = parameters["connect_timeout"], Int(seconds) == nil {
            throw .configuration("connect_timeout is \"\(seconds)\"; it must be a number of seconds")
        }
        if parameters["service"] == nil, parameters["user"] == nil {
            throw .configuration("the URL names no user; write postgres://user@host/database")
        }
    }

    /// libpq quotes the whole URL in some messages, and a message ends up in a log.
    private static func redact(_ message: String, from url: String) -> String {
        var text = message.split(separator: "\n").joined(separator: " ").replacing(url, with: "the URL")
        for secret in secrets(in: url) { text = text.replacing(secret, with: "***") }
        return text
    }

    private static func secrets(in url: String) -> [Substring] {
        if let start = url.firstRange(of: "://")?.upperBound {
            // A password may contain an unescaped @ by mistake, hence the last one.
            guard let end = url.lastIndex(of: "@"), start < end else { return [] }
            let parts = url[start..<end].split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? [parts[1]] : []
        }
        return url.split(separator: " ").filter { $0.hasPrefix("password=") }.map { $0.dropFirst(9) }
    }

    private static let sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

    /// What libpq is told: what was given, and settings that a server program needs.
    func connectionParameters() -> [(keyword: String, value: String)] {
        var all = parameters
        // A peer that vanished without a word would otherwise be noticed after two hours.
        all["keepalives_idle"] = all["keepalives_idle"] ?? "15"
        all["keepalives_interval"] = all["keepalives_interval"] ?? "5"
        all["keepalives_count"] = all["keepalives_count"] ?? "3"
        all["tcp_user_timeout"] = all["tcp_user_timeout"] ?? "30000"
        all["client_encoding"] = "UTF8"
        var options = all["options"].map { [$0] } ?? []
        if let statementTimeout { options.append("-c statement_timeout=\(statementTimeout.milliseconds)") }
        if let lockTimeout { options.append("-c lock_timeout=\(lockTimeout.milliseconds)") }
        if !options.isEmpty { all["options"] = options.joined(separator: " ") }
        return all.map { (keyword: $0.key, value: $0.value) }
    }

    /// How long the driver waits for `statements` before it gives the server up. The server's own limit
    /// comes first; this one is for a server or a network that does not answer any more.
    func responseLimit(statements: Int) -> Duration? {
        statementTimeout.map { $0 * max(1, statements) + Self.grace }
    }

    private static let grace: Duration = .seconds(5)
}

extension PostgresConfiguration: CustomStringConvertible {
    /// Without the password.
    public var description: String {
        "postgres://\(user)@\(host ?? "local socket"):\(port)/\(database ?? user)"
    }
}

extension Duration {
    /// Whole milliseconds, at least one: zero would switch a limit off.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}
