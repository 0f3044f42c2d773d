// A client of the fleet: it repeats what it is not sure of, under the same key, until it has been told.

import Durable
import Foundation
import Postgres
import Synchronization

@testable import DurableTesting
@testable import Fleet

final class SimulatedClient: Sendable {
    private let process: SimulatedProcess
    private let store: SimulatedStore
    private let dispatcher: SimulatedDispatcher
    private let history: History
    private let writer: JournalWriter

    init(_ name: String, store: StoreServer, dispatch: DispatchServer, history: History) {
        let process = SimulatedProcess(name, on: store.loop)
        let simulatedStore = SimulatedStore(server: store, process: process)
        let dispatcher = SimulatedDispatcher(dispatch, for: process, token: name)
        self.process = process
        self.store = simulatedStore
        self.dispatcher = dispatcher
        self.history = history
        writer = JournalWriter(
            worker: nil, lease: nil, machine: process.machine,
            logger: HistoryLog.logger(of: process, in: history), onReady: { dispatcher.enqueue($0) }
        ) { () async throws(PostgresError) -> any CommitLine in
            try await simulatedStore.openLine()
        }
    }

    private var loop: SimulationLoop { process.loop }

    /// Starts a run and stays with it until its end, or until `deadline`.
    func work(_ plan: Plan, number: Int, until deadline: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.writer.run() }
            if let run = await start(plan, once: "order-\(number)", until: deadline) {
                // A client that lost its answer asks again.
                if loop.chance(0.2) { _ = await start(plan, once: "order-\(number)", until: deadline) }
                await follow(run, plan, until: deadline)
            }
            writer.stop()
        }
    }

    private func start(_ plan: Plan, once key: String, until deadline: Duration) async -> RunID? {
        while loop.uptime < deadline {
            // The samples' inputs always encode.
            guard let start = try? plan.start(once: key, as: process.machine.newRunID()) else { return nil }
            if case .success(let started) = await writer.start(start) {
                history.append(.accepted(started.id, key: key, plan))
                return started.id
            }
        }
        return nil
    }

    private func follow(_ run: RunID, _ plan: Plan, until deadline: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            if case .question = plan {
                for number in 1...2 {
                    group.addTask {
                        await self.pause(self.loop.random(.zero ... .seconds(8)))
                        await self.send(number, to: run, until: deadline)
                    }
                }
            }
            if loop.chance(0.15) {
                group.addTask {
                    await self.pause(self.loop.random(.zero ... .seconds(6)))
                    await self.cancel(run, until: deadline)
                }
            }
            group.addTask { await self.awaitEnd(of: run, until: deadline) }
        }
    }

    private func send(_ number: Int, to run: RunID, until deadline: Duration) async {
        let key = "answer-\(number)"
        let payload = Payload(json: "\(number * 100)")
        for _ in 0..<(loop.chance(0.3) ? 2 : 1) {
            let ready = await insist(until: deadline) {
                $0.send(Question.answer.name, payload, to: run, once: key, at: $1).ready
            }
            dispatcher.enqueue(ready ?? [])
            history.append(.sent(run, key: key, number * 100))
        }
    }

    private func cancel(_ run: RunID, until deadline: Duration) async {
        history.append(.cancelled(run))
        dispatcher.enqueue(await insist(until: deadline) { $0.cancel(run, at: $1) } ?? [])
    }

    private func awaitEnd(of run: RunID, until deadline: Duration) async {
        while loop.uptime < deadline {
            let outcome = await insist(until: deadline) { state, _ in state.journal.runs[run]?.outcome }
            if let outcome = outcome ?? nil { return history.append(.ended(run, outcome)) }
            await pause(.milliseconds(250))
        }
    }

    /// Asks until there is an answer.
    private func insist<R: Sendable>(
        until deadline: Duration, _ body: @escaping @Sendable (inout StoreState, Duration) -> R
    ) async -> R? {
        while loop.uptime < deadline {
            do { return try await store.change(body) } catch { await pause(.milliseconds(100)) }
        }
        return nil
    }

    private func pause(_ duration: Duration) async {
        // Nothing cancels a client.
        try? await loop.sleep(for: duration)
    }
}

extension Plan {
    func start(once key: String, as id: RunID) throws -> RunStart {
        let (workflow, input): (WorkflowName, any Encodable) =
            switch self {
            case .purchase(let isDoomed): (Purchase.name, Purchase.Input(isDoomed: isDoomed))
            case .nap(let milliseconds): (Nap.name, Nap.Input(milliseconds: milliseconds))
            case .question(let asksSilence): (Question.name, Question.Input(asksSilence: asksSilence))
            case .family: (Family.name, Nothing())
            }
        return RunStart(
            id: id, tenant: Tenant("t\(key.count % 3)"), workflow: workflow, version: 1, queue: "default",
            priority: 0, input: try Payload.encode(input, .input), key: key, notBefore: nil, parent: nil,
            reply: nil, trace: nil)
    }
}
