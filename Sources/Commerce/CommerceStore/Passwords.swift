internal import Crypto
internal import CryptoExtras
internal import Dispatch
internal import Foundation
internal import Synchronization

// Passwords are kept as scrypt with its parameters beside the salt, so that they can be raised: an old hash
// still opens, and is made anew at the next sign-in. An address that nobody has, and a person without a
// password, cost the same work and give the same answer as a wrong password. The work takes a tenth of a
// second and tens of megabytes, so it runs on a thread of its own, one at a time, and a crowd is refused
// rather than queued without end.

/// How much work a guess costs.
package struct ScryptCost: Sendable, Equatable {
    /// The work factor is two to this power.
    package let exponent: Int
    package let blockSize: Int
    package let parallelism: Int

    package init(exponent: Int, blockSize: Int = 8, parallelism: Int) {
        precondition((4...20).contains(exponent) && blockSize > 0 && parallelism > 0, "no such scrypt cost")
        self.exponent = exponent
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// 32 MiB and three rounds over it, one of the pairs that OWASP's password storage cheat sheet names.
    package static let standard = ScryptCost(exponent: 15, parallelism: 3)
}

package final class Passwords: Sendable {
    /// A password's length in bytes: longer than ten so that it withstands guessing, and bounded, because
    /// scrypt reads all of it.
    package static let lengths = 10...256
    private let cost: ScryptCost
    private let waitingLimit: Int
    private let queue = DispatchQueue(label: "cartflux.passwords", qos: .userInitiated)
    private let waiting = Waiting()
    /// A hash that no password opens, for the work that is done in vain.
    private let decoy: Stored

    /// Whoever comes when `waitingLimit` passwords are being worked on is asked to try again. At the
    /// standard cost 32 of them are about three seconds of work.
    package init(cost: ScryptCost = .standard, waitingLimit: Int = 32) {
        self.cost = cost
        self.waitingLimit = waitingLimit
        decoy = Stored(cost: cost, salt: Self.random(16), key: Self.random(32))
    }

    /// What is kept of a new password. Throws `PasswordsBusy` when too many are being worked on.
    package func hash(_ password: String) async throws -> String {
        let (cost, salt) = (cost, Self.random(16))
        return try await work { try Stored(of: password, salt: salt, cost: cost).text }
    }

    /// Whether the password is the one that was kept. The same work for nil, for which it is never right.
    package func isRight(_ password: String, for stored: String?) async throws -> Bool {
        let known = stored.flatMap(Stored.init(text:))
        let compared = known ?? decoy
        let isEqual = try await work {
            let made = try Stored(of: password, salt: compared.salt, cost: compared.cost)
            return Self.isEqual(made.key, compared.key)
        }
        return isEqual && known != nil
    }

    /// Whether the kept hash was made with less work than is asked for today.
    package func isOutdated(_ stored: String) -> Bool { Stored(text: stored)?.cost != cost }

    static func isEqual(_ left: Data, _ right: Data) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }

    static func random(_ count: Int) -> Data {
        SymmetricKey(size: SymmetricKeySize(bitCount: count * 8)).withUnsafeBytes { Data($0) }
    }

    private func work<Value: Sendable>(_ body: @Sendable @escaping () throws -> Value) async throws -> Value {
        guard waiting.enter(limit: waitingLimit) else { throw PasswordsBusy() }
        defer { waiting.leave() }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }

    private struct Stored: Sendable {
        let cost: ScryptCost
        let salt: Data
        let key: Data

        init(cost: ScryptCost, salt: Data, key: Data) {
            self.cost = cost
            self.salt = salt
            self.key = key
        }

        init(of password: String, salt: Data, cost: ScryptCost) throws {
            let key = try KDF.Scrypt.deriveKey(
                from: Data(password.utf8), salt: salt, outputByteCount: 32, rounds: 1 << cost.exponent,
                blockSize: cost.blockSize, parallelism: cost.parallelism)
            self.init(cost: cost, salt: salt, key: key.withUnsafeBytes { Data($0) })
        }

        /// `scrypt$15$8$3$salt$key`, both in base64.
        init?(text: String) {
            let parts = text.split(separator: "$")
            guard parts.count == 6, parts[0] == "scrypt", let exponent = Int(parts[1]),
                let blockSize = Int(parts[2]), let parallelism = Int(parts[3]), (4...20).contains(exponent),
                (1...32).contains(blockSize), (1...16).contains(parallelism),
                let salt = Data(base64Encoded: String(parts[4])),
                let key = Data(base64Encoded: String(parts[5])), key.count == 32
            else { return nil }
            let cost = ScryptCost(exponent: exponent, blockSize: blockSize, parallelism: parallelism)
            self.init(cost: cost, salt: salt, key: key)
        }

        var text: String {
            "scrypt$\(cost.exponent)$\(cost.blockSize)$\(cost.parallelism)$"
                + "\(salt.base64EncodedString())$\(key.base64EncodedString())"
        }
    }
}

/// Too many passwords are being checked at the moment; try again in a few seconds.
package struct PasswordsBusy: Error {}

/// Counts who is inside.
private final class Waiting: Sendable {
    private let count = Mutex(0)

    func enter(limit: Int) -> Bool {
        count.withLock { inside in
            guard inside < limit else { return false }
            inside += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
