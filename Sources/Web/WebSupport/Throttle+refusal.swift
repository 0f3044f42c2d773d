import CommerceStore
import Foundation

extension Throttle {
    /// Counts one try. Throws the answer that says how long to wait where there were too many.
    package func pass(_ rule: Rule, _ subject: String, at now: Date) async throws {
        guard let wait = try await take(rule, subject, at: now) else { return }
        throw WebProblem(
            .tooManyRequests, "try again in \(wait) seconds", headers: ["Retry-After": String(wait)])
    }
}
