import Durable

/// Greets a new customer, gives them a week to confirm, and remembers what came of it.
struct WelcomeCustomer: Workflow {
    static let name: WorkflowName = "welcome"
    enum Step: String, WorkflowStep { case greet, thank, giveUp = "give_up" }
    struct Input: Codable, Sendable { let email: String }
    static let confirmed: Signal<Bool> = "confirmed"

    let mail: Mail

    func run(_ input: Input, _ flow: Flow<WelcomeCustomer>) async throws -> String {
        _ = try await flow.step(.greet, retry: .patient) { attempt in
            try await mail.send("welcome", to: input.email, key: attempt.key)
        }
        let answer = try await flow.wait(Self.confirmed, upTo: .seconds(7 * 86_400))
        guard answer == true else {
            return try await flow.step(.giveUp) { _ in "\(input.email) never answered" }
        }
        _ = try await flow.step(.thank, retry: .patient) { attempt in
            try await mail.send("thanks", to: input.email, key: attempt.key)
        }
        return "\(input.email) is a customer"
    }
}
