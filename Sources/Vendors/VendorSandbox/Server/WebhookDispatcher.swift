import AsyncHTTPClient
import Foundation
import Logging
import NIOCore

// Delivers webhooks the way vendors do: at least once, one queue per target so that a dead receiver delays
// nobody else, signed afresh at every try, retried with growing pauses, and sometimes twice or out of order
// when a fault says so. A message that failed goes to the side and does not hold up the queue behind it,
// which is another honest source of disorder.

/// One webhook to deliver.
package struct WebhookMessage: Sendable {
    /// The vendor's event id; receivers deduplicate on it, so copies share it.
    package let id: String
    package let type: String
    package let body: [UInt8]
    /// The request that caused it, for faults that are aimed at an endpoint.
    package let cause: RequestLine?

    package init(id: String, type: String, body: [UInt8], cause: RequestLine?) {
        self.id = id
        self.type = type
        self.body = body
        self.cause = cause
    }
}

/// Where a webhook goes and how it is signed.
package struct WebhookTarget: Sendable {
    /// Tells queues apart: the vendor's id of the endpoint.
    package let id: String
    package let url: String
    /// Makes the headers of one try. Called again for each try with the real time.
    package let headers: @Sendable (WebhookMessage, Date) -> [(name: String, value: String)]

    package init(
        id: String, url: String,
        headers: @escaping @Sendable (WebhookMessage, Date) -> [(name: String, value: String)]
    ) {
        self.id = id
        self.url = url
        self.headers = headers
    }
}

/// A queue of webhooks per target, and the log of every try.
package actor WebhookDispatcher {
    /// Vendors give a receiver a few seconds; a sandbox should not wait longer.
    private static let answerTimeout = TimeAmount.seconds(10)
    private static let logCapacity = 20_000

    private struct Parcel: Sendable {
        let number: Int
        let message: WebhookMessage
        let target: WebhookTarget
        var tries = 0
    }

    private let options: SandboxOptions
    private let logger: Logger
    // Made for the first delivery: a client must be shut down, and most sandboxes in tests send nothing.
    private var client: HTTPClient?
    private var log: [Int: WebhookDelivery] = [:]
    private var nextNumber = 1
    private var queues: [String: [Parcel]] = [:]
    private var held: [String: [Parcel]] = [:]
    // Workers, retries and shuffle windows. `stop` and `reset` cancel them and `stop` awaits them.
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var working: Set<String> = []
    private var open = 0
    private var generation = 0
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(options: SandboxOptions, logger: Logger) {
        self.options = options
        self.logger = logger
    }

    /// Every delivery, in the order in which they were queued.
    package var deliveries: [WebhookDelivery] { log.values.sorted { $0.number < $1.number } }

    /// Returns when every webhook queued so far has been delivered or given up.
    package func settled() async {
        if open == 0 { return }
        await withCheckedContinuation { waiters.append($0) }
    }

    /// Queues what was given up, or everything of one event id, again.
    package func resend(_ event: String?) {
        let again = deliveries.filter { event == nil ? $0.state == .failed : $0.event == event }
        for delivery in again {
            add(delivery.original.message, to: delivery.original.target)
        }
    }

    func enqueue(
        _ message: WebhookMessage, to target: WebhookTarget, as delivery: FaultPlan.Delivery,
        disorder: @escaping @Sendable ([Int]) -> [Int]
    ) {
        for _ in 0..<delivery.copies {
            guard delivery.isShuffled else {
                add(message, to: target)
                continue
            }
            let parcel = makeParcel(message, to: target)
            held[target.id, default: []].append(parcel)
            if held[target.id]?.count == 1 { openWindow(target.id, disorder: disorder) }
        }
    }

    func reset() {
        generation += 1
        for task in tasks.values { task.cancel() }
        tasks = [:]
        working = []
        queues = [:]
        held = [:]
        log = [:]
        open = 0
        releaseWaiters()
    }

    func stop() async {
        let running = Array(tasks.values)
        reset()
        for task in running { await task.value }
        // Only a second shutdown can fail, and then the work is done already.
        try? await client?.shutdown()
        client = nil
    }

    private func add(_ message: WebhookMessage, to target: WebhookTarget) {
        queue(makeParcel(message, to: target))
    }

    private func makeParcel(_ message: WebhookMessage, to target: WebhookTarget) -> Parcel {
        let parcel = Parcel(number: nextNumber, message: message, target: target)
        nextNumber += 1
        open += 1
        log[parcel.number] = WebhookDelivery(number: parcel.number, message: message, target: target)
        if log.count > Self.logCapacity, let oldest = log.keys.min() { log[oldest] = nil }
        return parcel
    }

    private func queue(_ parcel: Parcel) {
        queues[parcel.target.id, default: []].append(parcel)
        guard working.insert(parcel.target.id).inserted else { return }
        run { dispatcher, generation in await dispatcher.work(parcel.target.id, generation) }
    }

    /// Delivers a target's queue until it is empty.
    private func work(_ target: String, _ current: Int) async {
        while current == generation, let parcel = queues[target]?.first {
            queues[target]?.removeFirst()
            let outcome = await deliver(parcel)
            guard current == generation else { return }
            settle(parcel, outcome)
        }
        if current == generation { working.remove(target) }
    }

    private func settle(_ parcel: Parcel, _ outcome: WebhookTry) {
        var parcel = parcel
        parcel.tries += 1
        log[parcel.number]?.tries.append(outcome)
        if outcome.isAccepted {
            close(parcel, .delivered)
        } else if parcel.tries >= options.webhookTries {
            logger.warning("webhook given up", metadata: ["event": "\(parcel.message.id)"])
            close(parcel, .failed)
        } else {
            let pause = pause(after: parcel.tries)
            run { [parcel] dispatcher, generation in
                // A cancelled pause means the sandbox stops or is reset: the parcel is dropped with it.
                guard (try? await Task.sleep(for: pause)) != nil else { return }
                await dispatcher.retry(parcel, generation)
            }
        }
    }

    private func retry(_ parcel: Parcel, _ current: Int) {
        if current == generation { queue(parcel) }
    }

    private func close(_ parcel: Parcel, _ state: WebhookDelivery.State) {
        log[parcel.number]?.state = state
        open -= 1
        if open == 0 { releaseWaiters() }
    }

    private func releaseWaiters() {
        let released = waiters
        waiters = []
        for waiter in released { waiter.resume() }
    }

    private func pause(after tries: Int) -> Duration {
        let doublings = min(tries - 1, 16)
        return min(options.webhookRetryPause * (1 << doublings), options.longestWebhookPause)
    }

    private func openWindow(_ target: String, disorder: @escaping @Sendable ([Int]) -> [Int]) {
        let window = options.shuffleWindow
        run { dispatcher, generation in
            // As above: cancelled means nobody waits for these any more.
            guard (try? await Task.sleep(for: window)) != nil else { return }
            await dispatcher.closeWindow(target, generation, disorder)
        }
    }

    private func closeWindow(_ target: String, _ current: Int, _ disorder: @Sendable ([Int]) -> [Int]) {
        guard current == generation, let parcels = held.removeValue(forKey: target) else { return }
        for position in disorder(Array(parcels.indices)) { queue(parcels[position]) }
    }

    private func run(_ body: @escaping @Sendable (WebhookDispatcher, Int) async -> Void) {
        let key = nextNumber
        nextNumber += 1
        // Held in `tasks`: cancelled by `reset`, awaited by `stop`, removed when done.
        tasks[key] = Task { [generation] in
            await body(self, generation)
            self.tasks[key] = nil
        }
    }

    private func openClient() -> HTTPClient {
        if let client { return client }
        // To a vendor a redirect is a failed delivery, so none is followed.
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        let opened = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        client = opened
        return opened
    }

    private func deliver(_ parcel: Parcel) async -> WebhookTry {
        let now = Date()
        var request = HTTPClientRequest(url: parcel.target.url)
        request.method = .POST
        for header in parcel.target.headers(parcel.message, now) {
            request.headers.replaceOrAdd(name: header.name, value: header.value)
        }
        request.body = .bytes(parcel.message.body)
        do {
            let response = try await openClient().execute(request, timeout: Self.answerTimeout)
            // The answer's body means nothing to vendors; reading it frees the connection.
            _ = try await response.body.collect(upTo: 1024 * 1024)
            return WebhookTry(at: now, status: Int(response.status.code), error: nil)
        } catch {
            return WebhookTry(at: now, status: nil, error: String(describing: error))
        }
    }
}

/// One try to deliver a webhook.
package struct WebhookTry: Sendable {
    package let at: Date
    /// What the receiver answered, nil when it did not.
    package let status: Int?
    package let error: String?

    package var isAccepted: Bool { status.map { (200..<300).contains($0) } ?? false }
}

/// A webhook's way to one target.
package struct WebhookDelivery: Sendable {
    package enum State: String, Sendable { case pending, delivered, failed }

    package let number: Int
    package let event: String
    package let type: String
    package let target: String
    package let url: String
    package let body: [UInt8]
    package internal(set) var state = State.pending
    package internal(set) var tries: [WebhookTry] = []
    let original: (message: WebhookMessage, target: WebhookTarget)

    init(number: Int, message: WebhookMessage, target: WebhookTarget) {
        self.number = number
        event = message.id
        type = message.type
        self.target = target.id
        url = target.url
        body = message.body
        original = (message, target)
    }

    var json: JSON {
        [
            "number": .integer(Int64(number)), "id": .string(event), "type": .string(type),
            "endpoint": .string(target), "url": .string(url), "state": .string(state.rawValue),
            "body": .string(String(decoding: body, as: UTF8.self)),
            "tries": .array(
                tries.map { attempt in
                    [
                        "at": .string(attempt.at.ISO8601Format(.init(includingFractionalSeconds: true))),
                        "status": JSON(attempt.status.map(Int64.init)), "error": JSON(attempt.error),
                    ]
                }),
        ]
    }
}
