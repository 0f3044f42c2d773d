import Durable
import Foundation
import Testing

@testable import Fleet

@Suite("The last minutes, counted")
struct MinuteTests {
    @Test("each minute counts the runs that were accepted in it, live and ended, and which of them failed")
    func counted() async throws {
        let bench = try await OperationBench()
        let runs = bench.fleet.runs
        let start = Date(timeIntervalSinceNow: -150)
        for status in RunStatus.allCases { _ = try await bench.place(status) }
        for seconds in [1.0, 30, 59] {
            _ = try await bench.fleet.pool.execute(
                """
                insert into engine.run (id, tenant, workflow, version, status, epoch, input, queue)
                values (\(RunID(now: start.addingTimeInterval(seconds)).rawValue), 't', 'mendable', 1,
                    'pending', 1, '1', \(bench.fleet.configuration.queue))
                """)
        }

        let accepted = try await runs.accepted(from: start, minutes: 5)
        let failed = try await runs.failed(from: start, minutes: 5)

        #expect(accepted.count == 5 && failed.count == 5)
        #expect(accepted[0] == 3)
        #expect(accepted[1] == 0)
        #expect(accepted.reduce(0, +) == RunStatus.allCases.count + 3)
        #expect(failed[0] == 0)
        #expect(failed.reduce(0, +) == 3)
        #expect(try await runs.accepted(from: Date(timeIntervalSinceNow: 600), minutes: 2) == [0, 0])
    }
}
