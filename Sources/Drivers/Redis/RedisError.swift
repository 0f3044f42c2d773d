/// Why a command has no value to give.
///
/// The question every caller has after a failure is whether the command may have taken effect on the server;
/// ``mayHaveRun`` answers it. The driver never sends a command twice on its own.
public enum RedisError: Error, Sendable, Equatable {
    /// The URL, or an option in it, cannot be used. The text names the part.
    case badURL(String)
    /// There is no connection, or it broke. `mayHaveRun` is true when a byte of the command had been written.
    case connection(reason: String, mayHaveRun: Bool)
    /// No reply came in time. `mayHaveRun` is false when the command was still waiting to be written.
    case timeout(after: Duration, mayHaveRun: Bool)
    /// The server answered with an error: `OOM`, `WRONGTYPE`, `NOSCRIPT`, `LOADING`, `ERR` and so on.
    case reply(code: String, message: String)
    /// The server sent what is not the Redis protocol, or more than the limit allows. The connection was
    /// dropped.
    case protocolViolation(String)
    /// More is waiting than the configuration allows. The command was not accepted; try again later.
    case queueFull(limit: String)
    /// The task that waited in ``RedisClient/blocking(_:timeout:)`` was cancelled.
    case cancelled
    /// The client was shut down before the command was written.
    case closed

    /// Whether the command may have taken effect although there is no reply to show for it.
    public var mayHaveRun: Bool {
        switch self {
        case .connection(_, let mayHaveRun), .timeout(_, let mayHaveRun): mayHaveRun
        case .protocolViolation, .cancelled: true
        case .badURL, .reply, .queueFull, .closed: false
        }
    }

    /// Whether the server could not be reached, or stopped answering.
    public var isConnectionLoss: Bool {
        switch self {
        case .connection, .timeout, .protocolViolation: true
        case .badURL, .reply, .queueFull, .cancelled, .closed: false
        }
    }

    /// The first word of the server's error, such as `OOM`; nil for every other failure.
    public var code: String? {
        if case .reply(let code, _) = self { code } else { nil }
    }
}

extension RedisError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badURL(let what):
            "bad Redis URL: \(what)"
        case .connection(let reason, let mayHaveRun):
            "Redis connection: \(reason)" + (mayHaveRun ? " (the command may have run)" : "")
        case .timeout(let limit, let mayHaveRun):
            mayHaveRun
                ? "Redis did not answer within \(limit) (the command may have run)"
                : "Redis could not be sent the command within \(limit)"
        case .reply(let code, let message):
            "Redis refused the command: \(code) \(message)"
        case .protocolViolation(let what):
            "Redis protocol violation: \(what)"
        case .queueFull(let limit):
            "too much is waiting for Redis: \(limit)"
        case .cancelled:
            "the blocking Redis command was cancelled"
        case .closed:
            "the Redis client was shut down"
        }
    }
}
