import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Every verb on every status")
struct OperationTableTests {
    struct Cell: Sendable, CustomStringConvertible {
        let verb: Verb
        let status: RunStatus
        var description: String { "\(verb.rawValue) of a run that is \(status.rawValue)" }
    }

    static let live: Set<RunStatus> = [.pending, .running, .waiting]
    static let all = Set(RunStatus.allCases)
    /// Written out again here, so that a slip in the product's table shows.
    static let allowed: [Verb: Set<RunStatus>] = [
        .retry: [.failed, .needsAttention],
        .resume: [.waiting, .poisoned],
        .rerun: all, .fork: all, .export: all,
        .cancel: live, .signal: live,
        .skip: [.pending, .running, .waiting, .failed, .needsAttention, .poisoned],
        .edit: [.pending, .waiting, .failed, .needsAttention, .poisoned],
    ]
    static let cells = Verb.allCases.flatMap { verb in
        RunStatus.allCases.map { Cell(verb: verb, status: $0) }
    }
    /// The verbs that take a run from where it stands.
    static let takeUp: Set<Verb> = [.retry, .resume, .rerun, .skip, .edit]

    @Test("is done and written down, or refused with a reason and no trace", arguments: cells)
    func cell(_ cell: Cell) async throws {
        let bench = try await OperationBench()
        let run = try await bench.place(cell.status)
        let isAllowed = Self.allowed[cell.verb, default: []].contains(cell.status)

        do {
            try await Self.perform(cell.verb, on: run, bench)
            #expect(isAllowed)
        } catch OperationError.refused(let verb, let status, let why) {
            #expect(!isAllowed && verb == cell.verb && status == cell.status && !why.isEmpty)
        }

        #expect(try await bench.audited(run).count == (isAllowed ? 1 : 0))
        let epoch = try await bench.epoch(run)
        if !isAllowed || !Self.takeUp.contains(cell.verb) && cell.verb != .cancel { #expect(epoch == 7) }
        if isAllowed, Self.takeUp.contains(cell.verb) {
            #expect(epoch == 8)
            #expect(try await bench.status(run) == .pending)
        }
        #expect(try await Audit.verify(in: bench.fleet.pool).faults.isEmpty)
    }

    static func perform(_ verb: Verb, on run: RunID, _ bench: OperationBench) async throws {
        let (operations, mandate) = (bench.operations, bench.mandate)
        switch verb {
        case .retry: _ = try await operations.retry(run, by: mandate)
        case .resume: _ = try await operations.resume(run, by: mandate)
        case .rerun: _ = try await operations.rerun(run, from: StepKey("before"), by: mandate)
        case .fork: _ = try await operations.fork(run, from: StepKey("before"), by: mandate)
        case .cancel: _ = try await operations.cancel(run, by: mandate)
        case .signal: _ = try await operations.signal(run, "go", Payload(json: "1"), once: "a", by: mandate)
        case .skip:
            _ = try await operations.skip(
                run, step: StepKey("fragile"), output: Payload(json: "2"), by: mandate)
        case .edit: _ = try await operations.edit(run, input: Payload(json: "5"), by: mandate)
        case .export: _ = try await operations.export(run, by: mandate)
        }
    }

    @Test("a caller that saw another epoch or status is told that the run has moved on")
    func movedOn() async throws {
        let bench = try await OperationBench()
        let run = try await bench.place(.failed)

        await #expect(throws: OperationError.movedOn(run, status: .failed, epoch: 7)) {
            try await bench.operations.retry(run, by: bench.mandate, seenAs: Sighting(epoch: 6))
        }
        await #expect(throws: OperationError.movedOn(run, status: .failed, epoch: 7)) {
            try await bench.operations.retry(run, by: bench.mandate, seenAs: Sighting(status: .running))
        }
    }

    @Test("a verb that is sent many times at once is done once")
    func once() async throws {
        let bench = try await OperationBench()
        let run = try await bench.place(.failed)

        let done = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        _ = try await bench.operations.retry(run, by: bench.mandate)
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(done == 1)
        #expect(try await bench.epoch(run) == 8)
        #expect(try await bench.audited(run).count == 1)
    }

    @Test("nobody acts without a name and a reason")
    func mandate() {
        #expect(throws: OperationError.mandate) { try Mandate(actor: "anca", reason: " ") }
        #expect(throws: OperationError.mandate) { try Mandate(actor: "", reason: "because") }
        #expect(throws: OperationError.mandate) {
            try Mandate(actor: "anca", reason: String(repeating: "x", count: 1_001))
        }
    }

    @Test("a run that does not exist is named")
    func noSuchRun() async throws {
        let bench = try await OperationBench()
        let run = RunID()

        await #expect(throws: OperationError.noSuchRun(run)) {
            try await bench.operations.retry(run, by: bench.mandate)
        }
    }
}
