import Durable
import Synchronization

/// Stands in for a mail service that knows idempotency keys and is busy at times.
final class Mail: Sendable {
    enum Trouble: Classified {
        case busy
        var disposition: Disposition { .transient() }
    }

    private let state = Mutex<(isBusy: Bool, sent: [String: String])>((true, [:]))

    @discardableResult
    func send(_ letter: String, to address: String, key: String) async throws -> Nothing {
        try state.withLock { state in
            if state.isBusy {
                state.isBusy = false
                throw Trouble.busy
            }
            state.sent[key] = "\(letter) to \(address)"
        }
        return Nothing()
    }

    var sent: [String] { state.withLock { $0.sent.values.sorted() } }
}
