import Durable
import Foundation
import Logging
import Synchronization
import Testing

@testable import Fleet

@Suite("Log lines")
struct LogTests {
    /// Keeps lines as the process's handler writes them: what stands around a line is part of it.
    final class Lines: Sendable {
        private let all = Mutex<[(message: String, fields: [String: String])]>([])

        func add(_ message: String, _ fields: [String: String]) {
            all.withLock { $0.append((message, fields)) }
        }
        func named(_ message: String) -> [[String: String]] {
            all.withLock { $0.filter { $0.message == message }.map(\.fields) }
        }
    }

    struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider? = RunLogging.metadataProvider
        var logLevel: Logger.Level = .info

        init(_ lines: Lines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (metadataProvider?.get() ?? [:]).merging(metadata) { $1 }
                .merging(event.metadata ?? [:]) { $1 }
            lines.add("\(event.message)", fields.mapValues { "\($0)" })
        }
    }

    @Test("whoever logs within a step, the line has run, workflow, tenant, step, attempt and trace")
    func fields() async throws {
        let lines = Lines()
        let logger = Logger(label: "logs") { _ in Handler(lines) }
        let fleet = try await TracedFleet.open(logger)
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

        let run = try await fleet.working(.traced(logger)) {
            let run = try await fleet.runs.start(TracedOrder.self, 1, for: "acme", trace: trace)
            _ = try await fleet.runs.result(of: run.id, as: TracedOrder.self, upTo: .seconds(30))
            return run.id
        }

        // A logger that was made long before the run and knows nothing of it.
        let inside = try #require(lines.named("inside a step").first)
        #expect(inside["run"] == "\(run)")
        #expect(inside["workflow"] == "traced_order")
        #expect(inside["tenant"] == "acme")
        #expect(inside["step"] == "first")
        #expect(inside["attempt"] == "1")
        #expect(inside["trace"] == "4bf92f3577b34da6a3ce929d0e0e4736")
        // The engine's own line, between two attempts.
        let failed = try #require(lines.named("step attempt failed").first)
        #expect(failed["run"] == "\(run)")
        #expect(failed["step"] == "second")
        #expect(failed["attempt"] == "1")
        #expect(failed["code"] == "hiccup")
        #expect(failed["trace"] == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(LogScope.current == nil)
    }
}
