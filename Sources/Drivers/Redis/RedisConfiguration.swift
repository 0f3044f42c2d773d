/// Where the server is, how to sign in, and the limits that protect both sides.
public struct RedisConfiguration: Sendable, Equatable {
    enum Address: Sendable, Equatable {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
    }

    struct TLS: Sendable, Equatable {
        /// Certificates to trust instead of the system's.
        var authorityFile: String?
    }

    var address: Address
    var tls: TLS?

    /// The user of an access list; nil signs in as the default user.
    public var user: String?
    public var password: String?
    public var database: Int
    /// Shown by `CLIENT LIST` on the server. Printable ASCII without spaces.
    public var clientName: String?

    /// How long one attempt to connect may take: address lookup, TLS and sign-in together.
    public var connectTimeout: Duration = .seconds(5)
    /// How long a caller waits for a reply, counted from the call, while connected or not.
    public var commandTimeout: Duration = .seconds(5)

    /// How many commands may wait for their replies. One process that waits for more is not served by
    /// waiting.
    public var maximumWaitingCommands = 100_000
    /// How many bytes may wait to be written while the server is slow or away.
    public var maximumWaitingBytes = 64 << 20
    /// How large one reply may be. Redis itself stops at 512 MiB for one string.
    public var maximumReplyBytes = 64 << 20
    /// How many blocking commands may wait at once; each holds a connection and a thread.
    public var maximumBlockingCommands = 64
    /// How many messages a slow subscriber may leave unread before the oldest are dropped.
    public var maximumUnreadMessages = 10_000

    var place: String {
        switch address {
        case .tcp(let host, let port): "\(host):\(port)"
        case .unix(let path): path
        }
    }
}
