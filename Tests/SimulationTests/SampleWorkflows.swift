// The workflows of a simulated fleet: between them they use every way in which a run can write, wait, end and
// be undone.

import Durable
import Foundation

@testable import Fleet

/// What the samples reach: the world outside, the business's tables, and the history of what they were told.
struct Desk: Sendable {
    let world: OutsideWorld
    let tables: BusinessTables
    let process: SimulatedProcess

    func act(_ run: RunID, _ step: String, _ attempt: Attempt) async throws -> Int {
        try await world.act(run, step, key: attempt.key, from: process)
    }

    func note(_ event: Event) {
        if !process.isDead { world.history.append(event) }
    }

    func told(_ run: RunID, _ step: String, _ value: some CustomStringConvertible) {
        note(.told(run, step: step, "\(value)"))
    }

    func returned<Value: CustomStringConvertible>(_ run: RunID, _ value: Value) -> Value {
        note(.returned(run, "\(value)"))
        return value
    }
}

/// Steps with effects, a transaction, and an undo path for those that are doomed.
struct Purchase: Workflow {
    static let name: WorkflowName = "purchase"
    enum Step: String, WorkflowStep { case reserve, charge, book, ship }
    struct Input: Codable, Sendable { let isDoomed: Bool }
    let desk: Desk

    func run(_ input: Input, _ flow: Flow<Self>) async throws -> Int {
        let reserved = try await flow.step(.reserve) { attempt in
            try await desk.act(flow.id, "reserve", attempt)
        } undo: { _, attempt in
            _ = try await desk.act(flow.id, "undo:reserve", attempt)
        }
        desk.told(flow.id, "reserve", reserved)
        let charged = try await flow.step(.charge) { attempt in
            try await attempt.announce()
            return try await desk.act(flow.id, "charge", attempt)
        } undo: { _, attempt in
            _ = try await desk.act(flow.id, "undo:charge", attempt)
        }
        desk.told(flow.id, "charge", charged)
        let booked = try await flow.transaction(.book, on: desk.tables) { tables in
            tables.insert()
            return charged + 1
        }
        desk.told(flow.id, "book", booked)
        let shipped = try await flow.step(.ship) { attempt in
            if input.isDoomed { throw VendorRefused() }
            return try await desk.act(flow.id, "ship", attempt)
        }
        desk.told(flow.id, "ship", shipped)
        return desk.returned(flow.id, reserved + charged + booked + shipped)
    }
}

/// Sleeps between two steps.
struct Nap: Workflow {
    static let name: WorkflowName = "nap"
    enum Step: String, WorkflowStep { case lieDown, getUp }
    struct Input: Codable, Sendable { let milliseconds: Int64 }
    let desk: Desk

    func run(_ input: Input, _ flow: Flow<Self>) async throws -> Int {
        let down = try await flow.step(.lieDown) { try await desk.act(flow.id, "lieDown", $0) }
        desk.told(flow.id, "lieDown", down)
        let length = Duration.milliseconds(input.milliseconds)
        desk.note(.fellAsleep(flow.id, until: desk.process.loop.uptime + length))
        try await flow.sleep(for: length)
        desk.note(.awoke(flow.id))
        let up = try await flow.step(.getUp) { try await desk.act(flow.id, "getUp", $0) }
        desk.told(flow.id, "getUp", up)
        return desk.returned(flow.id, down + up)
    }
}

/// Waits for two answers, and with a limit for one that never comes.
struct Question: Workflow {
    static let name: WorkflowName = "question"
    static let answer: Signal<Int> = "answer"
    static let silence: Signal<Int> = "silence"
    enum Step: String, WorkflowStep { case ask, thank }
    struct Input: Codable, Sendable { let asksSilence: Bool }
    let desk: Desk

    func run(_ input: Input, _ flow: Flow<Self>) async throws -> Int {
        let asked = try await flow.step(.ask) { attempt in
            try await desk.act(flow.id, "ask", attempt)
        } undo: { _, attempt in
            _ = try await desk.act(flow.id, "undo:ask", attempt)
        }
        desk.told(flow.id, "ask", asked)
        let first = try await flow.wait(Self.answer)
        desk.told(flow.id, "answer 1", first ?? -1)
        let second = try await flow.wait(Self.answer)
        desk.told(flow.id, "answer 2", second ?? -1)
        if input.asksSilence {
            let none = try await flow.wait(Self.silence, upTo: .seconds(2))
            desk.told(flow.id, "silence", none ?? -1)
        }
        let thanked = try await flow.step(.thank) { try await desk.act(flow.id, "thank", $0) }
        desk.told(flow.id, "thank", thanked)
        return desk.returned(flow.id, (first ?? 0) + (second ?? 0))
    }
}

/// Two children at once, and several items of one step.
struct Family: Workflow {
    static let name: WorkflowName = "family"
    enum Step: String, WorkflowStep { case buy, rest, greet }
    let desk: Desk

    func run(_ input: Nothing, _ flow: Flow<Self>) async throws -> Int {
        async let bought = flow.child(.buy, Purchase.self, Purchase.Input(isDoomed: false))
        async let rested = flow.child(.rest, Nap.self, Nap.Input(milliseconds: 700))
        let greetings = try await flow.each([1, 2, 3], as: .greet, by: \.description, atMost: 2) {
            guest, attempt in
            try await desk.act(flow.id, "greet[\(guest)]", attempt)
        }
        desk.told(flow.id, "greetings", greetings.map(String.init).joined(separator: " "))
        let children = try await (bought, rested)
        desk.told(flow.id, "children", "\(children)")
        return desk.returned(flow.id, children.0 + children.1)
    }
}

extension Desk {
    var registry: WorkflowRegistry {
        var registry = WorkflowRegistry()
        registry.register(Purchase(desk: self))
        registry.register(Nap(desk: self))
        registry.register(Question(desk: self))
        registry.register(Family(desk: self))
        return registry
    }
}
