import FoundationEssentials

// How outgoing webhooks behave towards a receiver: where they may go, when they are tried again, and when an
// endpoint that takes nothing is switched off.

package enum WebhookRules {
    /// Attempts of one delivery, the first included.
    package static var attemptLimit: Int { pauses.count + 1 }
    /// An endpoint that has taken nothing for this long is switched off.
    package static let patience: Duration = .seconds(5 * 86_400)
    /// How long the secret before the current one still signs after a rotation.
    package static let overlap: Duration = .seconds(86_400)
    /// How long events are kept, for looking at them and sending them again.
    package static let retention: Duration = .seconds(30 * 86_400)
    /// Events of one replay.
    package static let replayLimit = 10_000

    /// After each failed attempt; together a little less than three days.
    private static let pauses: [Duration] = [
        .seconds(5), .seconds(5 * 60), .seconds(30 * 60), .seconds(2 * 3_600), .seconds(5 * 3_600),
        .seconds(10 * 3_600), .seconds(14 * 3_600), .seconds(20 * 3_600), .seconds(20 * 3_600),
    ]
    /// A receiver may ask for a longer pause than ours, within reason.
    private static let longestPause: Duration = .seconds(86_400)

    /// The pause after so many failed attempts; nil when there is none left. Up to a tenth longer, by the
    /// delivery's own id, so that what failed together does not come back together.
    /// - Parameter asked: what the receiver's `Retry-After` says.
    package static func pause(
        after attempts: Int, of delivery: WebhookDeliveryID, asked: Duration? = nil
    ) -> Duration? {
        guard pauses.indices.contains(attempts - 1) else { return nil }
        let pause = pauses[attempts - 1]
        let spread = pause / 10 * Int(delivery.rawValue.uuid.15) / 255
        return max(pause + spread, min(asked ?? .zero, longestPause))
    }

    /// Why an address cannot be an endpoint, or nil.
    /// - Parameter mayBePrivate: for demos and tests, whose receivers live on this machine.
    package static func problem(ofAddress text: String, mayBePrivate: Bool) -> String? {
        guard text.utf8.count <= 2_000 else { return "is longer than 2,000 characters" }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let url = URLComponents(string: text),
            let scheme = url.scheme?.lowercased(), let host = url.host, !host.isEmpty
        else { return "must be a whole address, such as https://example.com/hooks" }
        guard scheme == "https" || (scheme == "http" && mayBePrivate) else {
            return "must begin with https://, so that nobody on the way reads or changes what is sent"
        }
        guard url.user == nil, url.password == nil else {
            return "must hold no password; the signature proves who sends"
        }
        guard url.fragment == nil else { return "must hold no #fragment" }
        guard mayBePrivate || !NetworkHost.isPrivate(host) else { return "names \(host), no public host" }
        return nil
    }
}
