import Commerce
import CommerceStore
import Foundation

/// Who signs in at the demo's console: one who may do everything, one who agrees to what takes two people,
/// and one who only looks.
enum DemoOperators {
    private static let people: [(name: String, role: AdminRole)] = [
        ("operator", .admin), ("treasurer", .finance), ("visitor", .viewer),
    ]
    private static let password = "the demo is not a secret"

    /// Makes them, or gives those of an earlier demo what is theirs now: each demo has a key of its own for
    /// sealing, so what was sealed before cannot be opened any more.
    static func seed(_ admins: Admins) async throws -> [DemoRecord.Operator] {
        var made: [DemoRecord.Operator] = []
        for (name, role) in people {
            let email = try EmailAddress(parsing: "\(name)@cartflux.test")
            let welcome: Admins.Welcome
            if let known = try await admins.renew(email, password: password) {
                welcome = known
            } else {
                welcome = try await admins.add(email, name: name.capitalized, password: password, role: role)
            }
            made.append(
                DemoRecord.Operator(
                    email: email.canonical, password: password, role: role.rawValue,
                    totpSecret: welcome.secret.base32, recoveryCodes: welcome.recoveryCodes))
        }
        return made
    }
}
