internal import COpenSSL

/// A function that runs on the server, atomically.
///
/// The name carries a version (`claim_v1`): two releases of a program may run side by side against one
/// server, so a changed body is a new function, never an edited one. It is called by the digest of its
/// source; the client loads it when the server does not know it, after a restart or `SCRIPT FLUSH`, without
/// the caller noticing.
public struct LuaFunction: Sendable, Equatable {
    public let name: String
    public let source: String
    /// The digest by which the server knows the function.
    public let sha1: String

    public init(name: String, source: String) {
        self.name = name
        self.source = source
        self.sha1 = Self.digest(of: source)
    }

    /// The call as a command, for use in ``RedisClient/pipeline(_:)``.
    public func command(keys: [String], _ arguments: [RedisArgument]) -> RedisCommand {
        var all: [RedisArgument] = []
        all.reserveCapacity(2 + keys.count + arguments.count)
        all.append(RedisArgument(sha1))
        all.append(RedisArgument(keys.count))
        for key in keys { all.append(RedisArgument(key)) }
        all.append(contentsOf: arguments)
        return RedisCommand(name: "EVALSHA", arguments: all, function: self)
    }

    var load: RedisCommand { RedisCommand("SCRIPT", "LOAD", RedisArgument(source)) }

    public static func == (one: LuaFunction, other: LuaFunction) -> Bool { one.sha1 == other.sha1 }

    private static func digest(of source: String) -> String {
        let text = Array(source.utf8)
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let done = EVP_Digest(text, text.count, &digest, &length, EVP_sha1(), nil)
        precondition(
            done == 1, "OpenSSL refuses SHA-1, by which Redis names its functions; allow it in its policy")
        let digits = Array("0123456789abcdef".utf8)
        var hexadecimal: [UInt8] = []
        for byte in digest.prefix(Int(length)) {
            hexadecimal.append(digits[Int(byte >> 4)])
            hexadecimal.append(digits[Int(byte & 15)])
        }
        return String(decoding: hexadecimal, as: UTF8.self)
    }
}
