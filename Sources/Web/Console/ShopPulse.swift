// What the overview shows of the business beside the fleet: webhooks that wait, and paid orders that nobody
// has forwarded. How that was this morning is on record nowhere, so a process that shows the console notes it
// once a minute where the fleet keeps its own figures. Several of them note the same: the highest stays.

import CommerceStore
import Fleet
import Foundation
import Logging
import ServiceLifecycle

struct ShopFigures: Sendable {
    let inbox: [PlatformOversight.InboxTally]
    /// Paid and not forwarded for longer than `lateSeconds`.
    let late: Int

    /// Longer than any payment takes to be forwarded.
    private static let lateSeconds = 600

    static func read(_ oversight: PlatformOversight, _ orders: PlatformOrders) async throws -> ShopFigures {
        async let inbox = oversight.inboxTallies()
        async let late = orders.unforwarded(longerThan: lateSeconds)
        return ShopFigures(inbox: try await inbox, late: try await late)
    }

    /// How long the oldest event that nobody has handled has been there, in seconds.
    func inboxLag(at now: Date) -> Double {
        let oldest = inbox.first { $0.state == "received" }?.oldest
        return oldest.map { max(0, now.timeIntervalSince($0)) } ?? 0
    }

    func samples(at now: Date) -> [SampleName: Double] {
        var values: [SampleName: Double] = [.inboxLag: inboxLag(at: now), .unforwarded: Double(late)]
        for tally in inbox { values[.inbox(tally.state)] = Double(tally.count) }
        return values
    }
}

extension SampleName {
    static let inboxLag = SampleName(rawValue: "inbox.lag")
    static let unforwarded = SampleName(rawValue: "orders.unforwarded")

    static func inbox(_ state: String) -> SampleName { SampleName(rawValue: "inbox.\(state)") }
}

package struct ShopPulse: Service {
    private static let pace: Duration = .seconds(60)

    private let oversight: PlatformOversight
    private let orders: PlatformOrders
    private let samples: Samples
    private let logger = Logger(label: "cartflux.console")

    init(_ oversight: PlatformOversight, _ orders: PlatformOrders, _ samples: Samples) {
        self.oversight = oversight
        self.orders = orders
        self.samples = samples
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    try await note(at: Date())
                } catch {
                    logger.warning("the overview's figures were not noted", metadata: ["error": "\(error)"])
                }
                do { try await Task.sleep(for: Self.pace) } catch { return }
            }
        }
    }

    /// Looks once.
    func note(at now: Date) async throws {
        let figures = try await ShopFigures.read(oversight, orders)
        try await samples.note(figures.samples(at: now), at: now)
    }
}
