internal import Crypto
package import Foundation

// One-time codes of RFC 6238 over HMAC-SHA1, thirty seconds and six digits, because that is what every
// authenticator app speaks. A code is right in the step before and after its own as well, for clocks that
// differ, and each step is accepted once: the caller keeps the step and passes it as the floor.

package struct TOTP: Sendable {
    package static let stepSeconds = 30
    package static let digits = 6
    /// Steps to either side of now in which a code still counts.
    private static let tolerance: Int64 = 1

    package let secret: Data

    package init(secret: Data) {
        self.secret = secret
    }

    /// A new secret of 160 bits, as RFC 4226 recommends.
    package static func random() -> TOTP { TOTP(secret: Passwords.random(20)) }

    package static func step(at now: Date) -> Int64 {
        Int64((now.timeIntervalSince1970 / Double(stepSeconds)).rounded(.down))
    }

    /// The code of one step, of `digits` digits.
    package func code(step: Int64, digits: Int = TOTP.digits) -> String {
        let counter = withUnsafeBytes(of: step.bigEndian) { Data($0) }
        let hash = Data(
            HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: SymmetricKey(data: secret)))
        let offset = Int(hash[hash.endIndex - 1] & 0x0F)
        let number = hash[offset..<offset + 4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let modulus = (0..<digits).reduce(1 as UInt32) { product, _ in product * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// The step that a code is right for, later than `floor`; nil when it is wrong or was used. All
    /// candidates are compared, each in constant time.
    package func step(of code: String, at now: Date, after floor: Int64) -> Int64? {
        let presented = Data(code.utf8.filter { $0 != 0x20 })
        let current = Self.step(at: now)
        var found: Int64?
        for step in (current - Self.tolerance)...(current + Self.tolerance)
        where Passwords.isEqual(Data(self.code(step: step).utf8), presented) && step > floor {
            found = found ?? step
        }
        return found
    }

    /// For authenticator apps: `otpauth://totp/...`.
    package func address(issuer: String, account: String) -> String {
        let issuer = issuer.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return "otpauth://totp/\(issuer):\(account)?secret=\(base32)&issuer=\(issuer)"
    }

    /// The secret as people type it.
    package var base32: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var text = ""
        var bits = 0
        var held: UInt32 = 0
        for byte in secret {
            held = held << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(held >> UInt32(bits) & 31)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(held << UInt32(5 - bits) & 31)]) }
        return text
    }
}
