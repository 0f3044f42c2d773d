import Durable
import DurableTesting

/// Tries the workflow in memory and in virtual time: the week passes in milliseconds.
enum Rehearsal {
    static func confirmation() async throws {
        let mail = Mail()
        var registry = WorkflowRegistry()
        registry.register(WelcomeCustomer(mail: mail))
        let fleet = TestFleet(registry)

        let run = try fleet.journal.start(WelcomeCustomer.self, .init(email: "ana@example.com"))
        try await fleet.settle(upTo: .seconds(86_400))
        try fleet.journal.send(WelcomeCustomer.confirmed, true, to: run, once: "click")
        try await fleet.settle()

        try expect(
            fleet.journal.outcome(of: run)
                == .succeeded(Payload(json: "\"ana@example.com is a customer\"")))
        try expect(mail.sent == ["thanks to ana@example.com", "welcome to ana@example.com"])
    }

    static func silence() async throws {
        var registry = WorkflowRegistry()
        registry.register(WelcomeCustomer(mail: Mail()))
        let fleet = TestFleet(registry)

        let run = try fleet.journal.start(WelcomeCustomer.self, .init(email: "dan@example.com"))
        try await fleet.settle()

        try expect(
            fleet.journal.outcome(of: run)
                == .succeeded(Payload(json: "\"dan@example.com never answered\"")))
    }
}
