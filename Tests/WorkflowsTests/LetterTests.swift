import Commerce
import CommerceStore
import Durable
import Foundation
import Testing
import VendorSandbox

@testable import Workflows

/// The vendor's key protects a repetition for a day. These retries come later.
@Suite("Letters whose answer was lost for longer than a day")
struct LetterTests {
    private static let dayAndMore: Int64 = 90_000

    /// The first answer is lost after `fault`'s fashion, and then the vendor wants to hear nothing for a day.
    private func loseAnswer(_ world: World, _ kind: Fault.Kind) {
        let desk = world.resend.workbench
        desk.inject(Fault("POST /emails", kind, count: 1))
        desk.inject(
            Fault(
                "POST /emails", .status, status: 429, retryAfterSeconds: Int(Self.dayAndMore), count: 1))
    }

    private func passDay(_ world: World) async throws {
        world.resend.workbench.clock.advance(seconds: Self.dayAndMore)
        try await world.fleet.settle(upTo: .seconds(Self.dayAndMore + 1_000))
    }

    private func letter(_ world: World, _ run: RunID) async throws -> Emails.Message {
        let order = try await world.order(of: run)
        return try await world.transaction {
            try await Emails().message(cause: "confirmation:\(order.map { "\($0.id)" } ?? "")", in: $0)
        }
    }

    @Test("one that was sent is found in the vendor's list and not sent again")
    func found() async throws {
        try await World.open { world in
            loseAnswer(world, .dropAfter)

            let run = try await world.paidCheckout()
            try await passDay(world)

            #expect(world.count("email.create") == 1)
            #expect(try await letter(world, run).status == .sent)
            #expect(try await letter(world, run).inDoubtSince == nil)
        }
    }

    @Test("one that was surely never sent goes out now")
    func absent() async throws {
        try await World.open { world in
            // An older letter shows that the list reaches back far enough.
            _ = try await world.paidCheckout()
            world.resend.workbench.clock.advance(seconds: 3_600)
            world.fleet.clock.advance(by: .seconds(3_600))
            loseAnswer(world, .dropBefore)

            let run = try await world.paidCheckout()
            #expect(world.count("email.create") == 1)
            try await passDay(world)

            #expect(world.count("email.create") == 2)
            #expect(try await letter(world, run).status == .sent)
        }
    }

    @Test("where the list cannot tell, a person is asked and nothing is sent", arguments: [true, false])
    func unclear(keyMayOnlySend: Bool) async throws {
        try await World.open { world in
            loseAnswer(world, .dropBefore)
            if keyMayOnlySend {
                world.resend.workbench.inject(Fault("GET /emails", .status, status: 401))
            }

            let run = try await world.paidCheckout()
            try await passDay(world)

            let letter = try await letter(world, run)
            let open = try await world.transaction { try await Attention().openItems(in: $0) }
            #expect(world.count("email.create") == 0)
            #expect(letter.status == .sending && letter.inDoubtSince != nil)
            #expect(open.contains { $0.subject == "\(letter.id)" })
        }
    }

    @Test("a refusal leaves no doubt: a letter that was refused for a day is sent without a search")
    func refusalIsNoDoubt() async throws {
        try await World.open { world in
            let desk = world.resend.workbench
            desk.inject(
                Fault(
                    "POST /emails", .status, status: 429, retryAfterSeconds: Int(Self.dayAndMore), count: 1))

            let run = try await world.paidCheckout()
            #expect(try await letter(world, run).inDoubtSince == nil)
            try await passDay(world)

            #expect(world.count("email.create") == 1)
            #expect(desk.calls.calls("GET", "/emails").isEmpty)
        }
    }
}
