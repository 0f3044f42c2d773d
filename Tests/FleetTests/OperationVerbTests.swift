import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Operators' verbs at work")
struct OperationVerbTests {
    @Test("retry goes on from the failed step: what was done before is not done again")
    func retry() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Mendable.self, 1, once: "k", for: "t").id
            #expect(try await bench.end(run) == .failed)
            bench.mended.turnOn()

            _ = try await bench.operations.retry(run, by: bench.mandate)

            #expect(try await bench.fleet.runs.result(of: run, as: Mendable.self, upTo: .seconds(30)) == 3)
            #expect(bench.effects.count("cf:\(run):before") == 1)
            #expect(bench.effects.count("cf:\(run):fragile") == 2)
            let again = try await bench.fleet.runs.start(Mendable.self, 1, once: "k", for: "t")
            #expect(!again.isNew && again.id == run)
        }
        let aside = try await bench.count("select count(*) from engine.set_aside where kind = 'step'")
        #expect(aside == 1)
    }

    @Test("rerun sets aside what came after, keeps it readable under its epoch, and does it again")
    func rerun() async throws {
        let bench = try await OperationBench()
        bench.mended.turnOn()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Mendable.self, 1, for: "t").id
            #expect(try await bench.end(run) == .succeeded)
            let epoch = try await bench.epoch(run)

            _ = try await bench.operations.rerun(run, from: StepKey("fragile"), by: bench.mandate)

            #expect(try await bench.end(run) == .succeeded)
            #expect(try await bench.epoch(run) > epoch)
            #expect(bench.effects.count("cf:\(run):before") == 1)
            #expect(bench.effects.count("cf:\(run):fragile") == 2)
            #expect(bench.effects.count("cf:\(run):after") == 2)
            let names = try await bench.fleet.pool.execute(
                """
                select name, (record ->> 'output')::integer, (record ->> 'epoch')::bigint
                from engine.set_aside where run = \(run.rawValue) order by name
                """)
            #expect(try names.column(0, as: String.self) == ["after", "fragile"])
            #expect(try names.column(1, as: Int32.self) == [3, 2])
            #expect(try names.column(2, as: Int64.self).allSatisfy { $0 <= epoch })
        }
    }

    @Test("rerun takes a running run from its worker, whose step in flight is not recorded any more")
    func rerunFences() async throws {
        let bench = try await OperationBench()
        bench.mayUndo.turnOn()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Booking.self, 1, for: "t").id
            await bench.gate.entered()
            let epoch = try await bench.epoch(run)

            _ = try await bench.operations.rerun(run, from: StepKey("flight"), by: bench.mandate)
            bench.gate.open()

            #expect(try await bench.end(run) == .succeeded)
            let owners = try await bench.fleet.pool.execute(
                "select min(epoch) from engine.step where run = \(run.rawValue)")
            #expect(try owners.rows[0].decode(0, as: Int64.self) > epoch)
        }
    }

    @Test("a fork has the steps up to a point and keys of its own; the same fork is made once")
    func fork() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Mendable.self, 1, for: "t").id
            #expect(try await bench.end(run) == .failed)
            bench.mended.turnOn()

            let fork = try await bench.operations.fork(run, from: StepKey("fragile"), by: bench.mandate)
            let again = try await bench.operations.fork(run, from: StepKey("fragile"), by: bench.mandate)
            let other = try await bench.operations.fork(
                run, from: StepKey("fragile"), once: "second", by: bench.mandate)

            #expect(fork.run != run && again.run == fork.run && again.audit == nil && other.run != fork.run)
            let result = try await bench.fleet.runs.result(
                of: fork.run, as: Mendable.self, upTo: .seconds(30))
            #expect(result == 3)
            #expect(bench.effects.count("cf:\(fork.run):before") == 0)
            #expect(bench.effects.count("cf:\(fork.run):fragile") == 1)
            #expect(try await bench.status(run) == .failed)
        }
    }

    @Test("skip gives a failed step its result, and the run goes on behind it")
    func skip() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Mendable.self, 1, for: "t").id
            #expect(try await bench.end(run) == .failed)

            _ = try await bench.operations.skip(
                run, step: StepKey("fragile"), output: Payload(json: "40"), by: bench.mandate)

            #expect(try await bench.fleet.runs.result(of: run, as: Mendable.self, upTo: .seconds(30)) == 41)
            #expect(bench.effects.count("cf:\(run):fragile") == 1)
        }
    }

    @Test("skip ends a wait as its signal would have, and refuses a step that has a result")
    func skipWait() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Waiting.self, 3_600, for: "t").id
            try await bench.fleet.until { try await bench.status(run) == .waiting }

            let wait = StepKey("wait:go", item: "1")
            _ = try await bench.operations.skip(
                run, step: wait, output: Payload(json: "12"), by: bench.mandate)

            #expect(try await bench.fleet.runs.result(of: run, as: Waiting.self, upTo: .seconds(30)) == 12)
            let placed = try await bench.place(.failed)
            await #expect(throws: OperationError.self) {
                try await bench.operations.skip(
                    placed, step: StepKey("before"), output: Payload(json: "1"), by: bench.mandate)
            }
        }
    }

    @Test("an edited input is what the run goes on with; the audit holds no payload")
    func edit() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Told.self, 1, for: "t").id
            #expect(try await bench.end(run) == .failed)

            _ = try await bench.operations.edit(run, input: Payload(json: "777000777"), by: bench.mandate)

            #expect(try await bench.end(run) == .failed)
            let input = try await bench.fleet.runs.detail(run)?.input
            #expect(input == Payload(json: "777000777"))
            #expect(try await bench.audited(run).allSatisfy { !$0.after.contains("777000777") })
            await #expect(throws: OperationError.self) {
                try await bench.operations.edit(run, input: Payload(json: "{broken"), by: bench.mandate)
            }
        }
    }

    @Test("a signal by hand wakes the run, once per key")
    func signal() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Waiting.self, 3_600, for: "t").id
            let other = try await bench.place(.waiting)
            try await bench.fleet.until { try await bench.status(run) == .waiting }

            let first = try await bench.operations.signal(
                run, "go", Payload(json: "9"), once: "x", by: bench.mandate)
            _ = try await bench.operations.signal(
                other, "go", Payload(json: "9"), once: "x", by: bench.mandate)
            let again = try await bench.operations.signal(
                other, "go", Payload(json: "9"), once: "x", by: bench.mandate)

            #expect(first.audit != nil && again.audit == nil)
            #expect(try await bench.fleet.runs.result(of: run, as: Waiting.self, upTo: .seconds(30)) == 9)
        }
    }

    @Test("a signal that came before the failure is there when the run goes on")
    func mailboxSurvives() async throws {
        let bench = try await OperationBench()
        let run = try await bench.fleet.pool.withTransaction { tx in
            try await bench.fleet.runs.start(Told.self, 1, for: "t", in: tx).id
        }
        #expect(try await bench.fleet.runs.send(Told.news, 5, to: run, once: "event-1"))
        try await bench.working {
            #expect(try await bench.end(run) == .failed)
            bench.mended.turnOn()

            _ = try await bench.operations.retry(run, by: bench.mandate)

            #expect(try await bench.fleet.runs.result(of: run, as: Told.self, upTo: .seconds(30)) == 5)
        }
    }

    @Test("resume gives a poisoned run to one more worker")
    func poisoned() async throws {
        let bench = try await OperationBench()
        bench.mended.turnOn()
        try await bench.working {
            let run = try await bench.place(.poisoned)
            _ = try await bench.operations.skip(
                run, step: StepKey("fragile"), output: Payload(json: "2"), by: bench.mandate)
            #expect(try await bench.end(run) == .succeeded)
        }
        let run = try await bench.place(.poisoned)
        _ = try await bench.operations.resume(run, by: bench.mandate)
        let takeovers = try await bench.count(
            "select takeovers::bigint from engine.run where id = \(run.rawValue)")
        #expect(takeovers == 2)
    }

    @Test("a parent goes on with its child's second end, and a live one is told once")
    func family() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let parent = try await bench.fleet.runs.start(Family.self, 1, for: "t").id
            #expect(try await bench.end(parent) == .failed)
            let child = try #require(try await bench.fleet.runs.detail(parent)?.children.first?.id)
            await #expect(throws: OperationError.self) {
                try await bench.operations.retry(parent, by: bench.mandate)
            }
            bench.mended.turnOn()

            _ = try await bench.operations.retry(child, by: bench.mandate)
            #expect(try await bench.end(child) == .succeeded)
            #expect(try await bench.status(parent) == .failed)
            _ = try await bench.operations.retry(parent, by: bench.mandate)

            #expect(try await bench.fleet.runs.result(of: parent, as: Family.self, upTo: .seconds(30)) == 3)
            #expect(bench.effects.count("cf:\(child):before") == 1)
        }
    }

    @Test("a parent that is rerun from its child starts a new one; the old one stays as it is")
    func rerunChild() async throws {
        let bench = try await OperationBench()
        bench.mended.turnOn()
        try await bench.working {
            let parent = try await bench.fleet.runs.start(Family.self, 1, for: "t").id
            #expect(try await bench.end(parent) == .succeeded)

            _ = try await bench.operations.rerun(parent, from: StepKey("child"), by: bench.mandate)

            #expect(try await bench.end(parent) == .succeeded)
            #expect(try await bench.fleet.runs.detail(parent)?.children.count == 2)
        }
    }

    @Test("an export holds everything of a run as one document")
    func export() async throws {
        let bench = try await OperationBench()
        let run = try await bench.place(.failed)
        _ = try await bench.operations.rerun(run, from: StepKey("fragile"), by: bench.mandate)

        let (document, _) = try await bench.operations.export(run, by: bench.mandate)

        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(document.bytes)) as? [String: Any])
        #expect((json["steps"] as? [Any])?.count == 1)
        #expect((json["set_aside"] as? [Any])?.count == 1)
        #expect((json["audit"] as? [Any])?.count == 1)
        #expect((json["run"] as? [String: Any])?["workflow"] as? String == "mendable")
    }
}
