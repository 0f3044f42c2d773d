import CommerceStore
import Durable
import DurableTesting
import Foundation
import Resend
import Testing
import VendorSandbox
import Workflows

@testable import Commerce

@Suite("Webhooks for merchants' programs")
struct WebhookTests {
    private static let days3: Duration = .seconds(4 * 86_400)

    @Test("an event arrives once, signed so that its receiver can check it")
    func signed() async throws {
        try await WebhookWorld.open { world in
            try await world.reprice(to: 1600)
            try await world.deliver()

            let received = await world.receiver.received
            let request = try #require(received.first)
            #expect(received.count == 1)
            let delivery = try #require(try await world.deliveries().first)
            #expect(request.header("webhook-id") == "\(delivery.event)")
            try ResendWebhook.verify(
                rawBody: request.body, id: request.header("webhook-id"),
                timestamp: request.header("webhook-timestamp"),
                signature: request.header("webhook-signature"), secrets: [.init(world.secret)],
                now: world.fleet.clock.now)
            #expect(try request.json()["type"].string == "product.updated")
            #expect(delivery.state == .delivered && delivery.attempts == 1)
            let attempt = try #require(try await world.attempts().first)
            #expect(attempt.status == 200 && attempt.problem == nil)
        }
    }

    @Test("a receiver that fails is tried again under the same id, and its later events wait")
    func ordered() async throws {
        try await WebhookWorld.open { world in
            await world.receiver.answer(with: [500, 503])
            try await world.reprice(to: 1600)
            try await world.reprice(to: 1700)
            try await world.deliver()
            #expect(try await world.prices() == [1600])
            #expect(try await world.states() == ["carried", "carried"])
            #expect(try await world.standing().failingSince != nil)

            try await world.deliver(upTo: .seconds(3_600))

            #expect(try await world.prices() == [1600, 1600, 1600, 1700])
            #expect(try await world.states() == ["delivered", "delivered"])
            #expect(try await world.attempts().map(\.status) == [500, 503, 200])
            #expect(try await world.standing().failingSince == nil)
            let ids = await world.receiver.received.prefix(3).map { $0.header("webhook-id") }
            #expect(Set(ids).count == 1)
        }
    }

    @Test("what fails for one object holds up no other")
    func apart() async throws {
        try await WebhookWorld.open { world in
            await world.receiver.answer(with: [500])
            try await world.reprice(0, to: 1600)
            try await world.deliver()
            try await world.reprice(1, to: 1700)
            try await world.deliver()

            #expect(try await world.prices() == [1600, 1700])
            #expect(try await world.states() == ["carried", "delivered"])
        }
    }

    @Test("after three days an event is given up, and can be sent again")
    func givenUp() async throws {
        try await WebhookWorld.open { world in
            await world.receiver.answer(with: Array(repeating: 500, count: WebhookRules.attemptLimit))
            try await world.reprice(to: 1600)
            try await world.deliver(upTo: Self.days3)
            #expect(try await world.states() == ["failed"])
            #expect(try await world.attempts().count == WebhookRules.attemptLimit)
            #expect(try await world.standing().isEnabled)

            let event = try await world.deliveries()[0].event
            _ = try await world.transaction { tx in
                try await WebhookEvents().replay(event, to: world.endpoint, in: tx)
            }
            try await world.deliver()

            #expect(try await world.states() == ["failed", "delivered"])
            #expect(await world.receiver.received.last?.header("webhook-id") == "\(event)")
        }
    }

    @Test("an endpoint that takes nothing for five days is switched off, and its owner is told once")
    func failing() async throws {
        try await WebhookWorld.open { world in
            await world.receiver.answer(with: Array(repeating: 500, count: 100))
            try await world.reprice(0, to: 1600)
            try await world.deliver(upTo: Self.days3)
            try await world.reprice(1, to: 1700)
            try await world.reprice(1, to: 1800)
            try await world.deliver(upTo: Self.days3)

            #expect(try await world.standing().disabledBecause == .failing)
            #expect(try await world.states() == ["failed", "dropped", "dropped"])
            #expect(try await world.attention() == ["webhook"])
            #expect(world.letters == 1)

            await world.receiver.reset()
            try await world.transaction { try await world.book.enable(world.endpoint, in: $0) }
            try await world.reprice(1, to: 1900)
            try await world.deliver()

            #expect(try await world.prices() == [1900])
            #expect(try await world.attention().isEmpty)
        }
    }

    @Test("a receiver that is gone is switched off at once")
    func gone() async throws {
        try await WebhookWorld.open { world in
            await world.receiver.answer(with: [410])
            try await world.reprice(to: 1600)
            try await world.reprice(to: 1700)
            try await world.deliver(upTo: .seconds(3_600))

            #expect(await world.receiver.received.count == 1)
            #expect(try await world.standing().disabledBecause == .gone)
            #expect(try await world.states() == ["failed", "dropped"])
            #expect(world.letters == 1)
        }
    }

    @Test("a receiver's own pause is kept to, and whoever mended it need not wait")
    func nudged() async throws {
        try await WebhookWorld.open { world in
            world.inject(Fault("POST /hooks", .status, status: 429, retryAfterSeconds: 7_200, count: 1))
            try await world.reprice(to: 1600)
            try await world.deliver(upTo: .seconds(3_600))
            #expect(try await world.states() == ["carried"])
            let runs = try await world.transaction {
                try await WebhookLanes().runs(of: world.endpoint, in: $0)
            }

            for run in runs {
                _ = try world.fleet.journal.send(
                    .webhookNudge, Nothing(), to: RunID(rawValue: run), once: "mended")
            }
            try await world.deliver()

            #expect(try await world.states() == ["delivered"])
            #expect(try await world.attempts().map(\.status) == [429, 200])
        }
    }

    @Test("an answer that never comes is an attempt like any other")
    func lostAnswer() async throws {
        try await WebhookWorld.open { world in
            world.inject(Fault("POST /hooks", .dropAfter, count: 1))
            try await world.reprice(to: 1600)
            try await world.deliver(upTo: .seconds(60))

            #expect(try await world.states() == ["delivered"])
            #expect(try await world.attempts().map(\.status) == [nil, 200])
        }
    }

    @Test("a test event arrives whatever the endpoint listens to")
    func test() async throws {
        try await WebhookWorld.open { world in
            _ = try await world.transaction { tx in
                try await WebhookEvents().test(world.endpoint, at: world.fleet.clock.now, in: tx)
            }
            try await world.deliver()

            #expect(
                try await world.receiver.received.map { try $0.json()["type"].string } == ["webhook.test"])
            #expect(try await world.deliveries().map(\.cause) == [.test])
        }
    }

    @Test("while a secret is changed, both sign")
    func rotation() async throws {
        try await WebhookWorld.open { world in
            let now = world.fleet.clock.now
            let secret = try await world.transaction {
                try await world.book.rotate(world.endpoint, at: now, in: $0)
            }
            try await world.reprice(to: 1600)
            try await world.deliver()

            let request = try #require(await world.receiver.received.first)
            for known in [secret, world.secret] {
                try ResendWebhook.verify(
                    rawBody: request.body, id: request.header("webhook-id"),
                    timestamp: request.header("webhook-timestamp"),
                    signature: request.header("webhook-signature"), secrets: [.init(known)], now: now)
            }
        }
    }

    // A worker that dies between sending and writing down sends again: receivers count an id once, and so
    // does this test.
    @Test("killed at every write, each event is told in its order and written down", .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive { crash in
            try await WebhookWorld.open(seenAs: crash) { world in
                await world.receiver.answer(with: [500])
                try await world.reprice(to: 1600)
                try await world.reprice(to: 1700)
                try await world.deliver(upTo: .seconds(3_600))
                var told: [String] = []
                for request in await world.receiver.received {
                    let price = try request.json()["data"]["product"]["price_minor"].integer
                    let line = "\(price as Any)"
                    if told.last != line { told.append(line) }
                }
                let ended = try await world.states()
                return told + ended + ["\(try await world.standing().failingSince == nil)"]
            }
        }
        #expect(survived > 10)
    }
}
