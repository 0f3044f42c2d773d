import Durable
import Foundation
import Logging
import Synchronization
import Testing
import Tracing
import VendorHTTP
import WebSupport

@testable import Fleet
@testable import Telemetry

@Suite("Traces")
struct TraceTests {
    /// A page that starts a run, as a checkout does.
    private func server(_ fleet: TracedFleet) -> WebServer {
        let start = Endpoint("POST", "/orders/{token}", scope: .platform, kind: .api) { _ in
            let run = try await fleet.runs.start(TracedOrder.self, 10, for: "acme")
            return try .json(["run": "\(run.id)"])
        }
        return WebServer(
            WebServer.Configuration(
                port: 0, isSecure: false, sessionSecret: "a secret of at least thirty-two characters"),
            hosts: HostDirectory(platformHosts: ["127.0.0.1"]) { _ in nil }, endpoints: [start],
            metrics: MetricsRegistry(), accessLog: .silent, logger: .quiet)
    }

    private func order(_ server: RunningWebServer, headers: [HeaderField] = []) async throws -> RunID {
        let client = VendorHTTPClient(
            account: VendorAccount(vendor: "test", name: "web"), base: "http://127.0.0.1:\(server.port)",
            headers: [])
        let answer = try await client.send(
            VendorRequest(
                .post, "/orders/very-secret", headers: headers,
                body: .bytes(Array("{}".utf8), contentType: "application/json")))
        let text = try JSONDecoder().decode([String: String].self, from: Data(answer.body))["run"]
        return try #require(text.flatMap { RunID($0) })
    }

    @Test("one trace leads from the web request to the run, its steps, their retries, commits and the child")
    func wholeTrace() async throws {
        let fleet = try await TracedFleet.open()
        let collector = Collector()

        let (id, stranger) = try await collector.collecting { endpoint in
            let exporter = SpanExporter(
                Installed.instruments.tracer, endpoint: endpoint, service: "cartflux.test", logger: .quiet)
            return try await fleet.working(.traced()) {
                let web = try await server(fleet).start()
                let id = try await order(web)
                let claimed =
                    "00-\(String(repeating: "a", count: 32))-\(String(repeating: "b", count: 16))-01"
                let stranger = try await order(web, headers: [HeaderField("traceparent", claimed)])
                for run in [id, stranger] {
                    let sum = try await fleet.runs.result(of: run, as: TracedOrder.self, upTo: .seconds(30))
                    #expect(sum == 13)
                }
                try await web.stop()
                try await until("the last span arrived") {
                    await exporter.flush()
                    let last = collector.spans.filter { $0.attributes["run.outcome"] == "succeeded" }
                    let runs = Set(last.compactMap { $0.attributes["run.id"] })
                    return runs.isSuperset(of: ["\(id)", "\(stranger)"])
                }
                return (id, stranger)
            }
        }

        try expectWholeTrace(of: id, in: collector)
        let believed = collector.spans.filter { $0.trace == String(repeating: "a", count: 32) }
        #expect(believed.isEmpty, "a stranger wrote into our traces with run \(stranger)")
    }

    private func expectWholeTrace(of id: RunID, in collector: Collector) throws {
        let stays = collector.spans.filter {
            $0.name == "run traced_order" && $0.attributes["run.id"] == "\(id)"
        }
        let trace = try #require(stays.first?.trace)
        let spans = collector.spans.filter { $0.trace == trace }
        func named(_ name: String) -> [Collector.Received] { spans.filter { $0.name == name } }

        let request = try #require(named("POST /orders/{token}").first)
        #expect(request.parent == nil)
        #expect(request.kind == 2)
        #expect(request.attributes["http.response.status_code"] == "200")
        // The run leaves its worker while the child runs, and comes back: every stay hangs on the request.
        #expect(stays.allSatisfy { $0.parent == request.span && $0.kind == 5 })
        #expect(stays.allSatisfy { $0.attributes["run.tenant"] == "acme" })
        let stayIDs = Set(stays.map(\.span))
        let first = try #require(named("step first").first)
        #expect(named("step first").count == 1)
        #expect(stayIDs.contains(try #require(first.parent)))

        let second = named("step second").sorted {
            $0.attributes["step.attempt"]! < $1.attributes["step.attempt"]!
        }
        #expect(second.map { $0.attributes["step.attempt"] } == ["1", "2"])
        #expect(second.map(\.status) == [2, 0])

        let start = try #require(named("step start:child").first)
        let child = try #require(named("run traced_child").first)
        #expect(child.parent == start.span)
        let only = try #require(named("step only").first)
        #expect(only.parent == child.span)

        let known = Set(spans.map(\.span))
        let commits = collector.spans.filter { $0.name == "journal commit" }
        #expect(commits.contains { !known.isDisjoint(with: $0.links + [$0.parent ?? ""]) })
        #expect(!spans.contains { "\($0)".contains("very-secret") })
        #expect(collector.services == ["cartflux.test"])
    }

    @Test("a collector that says 503 is offered the spans again; what was taken is not sent twice")
    func offeredAgain() async throws {
        let tracer = OTLPTracer()
        let collector = Collector()
        collector.refuse(1)

        try await collector.collecting { endpoint in
            for _ in 0..<3 { tracer.startSpan("lonely").end() }
            let exporter = SpanExporter(
                tracer, endpoint: endpoint, service: "s", every: .milliseconds(5), logger: .quiet)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await exporter.run() }
                try await until("the spans were taken") { collector.spans.count == 3 }
                group.cancelAll()
            }
        }

        #expect(collector.posts == 2)
        #expect(collector.spans.count == 3)
    }

    @Test("what a stopping process has left is sent before it stops")
    func flushAtShutdown() async throws {
        let tracer = OTLPTracer()
        let collector = Collector()

        try await collector.collecting { endpoint in
            let exporter = SpanExporter(
                tracer, endpoint: endpoint, service: "s", every: .seconds(3_600), logger: .quiet)
            let (began, source) = AsyncStream<Void>.makeStream()
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    source.yield()
                    do { try await exporter.run() } catch { Issue.record(error) }
                }
                for await _ in began { break }
                tracer.startSpan("late").end()
                group.cancelAll()
            }
        }

        #expect(collector.spans.map(\.name) == ["late"])
    }

    @Test("the buffer takes so many spans and counts the rest; a collector that is away holds nobody up")
    func bounded() async throws {
        let tracer = OTLPTracer(limit: 10)
        for _ in 0..<25 { tracer.startSpan("one of many").end() }

        let (spans, dropped) = tracer.buffer.take(upTo: .max)

        #expect(spans.count == 10)
        #expect(dropped == 15)
        tracer.startSpan("nobody listens").end()
        await SpanExporter(tracer, endpoint: "http://127.0.0.1:1", service: "s", logger: .quiet).flush()
        #expect(tracer.buffer.isEmpty)
    }

    @Test("the text form of a trace is read and written as W3C says")
    func traceparent() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let trace = TraceIdentity(text)

        #expect(trace?.text == text)
        #expect(TraceIdentity(text.dropLast(2) + "00")?.isSampled == false)
        for wrong in [
            "", "00", "ff" + text.dropFirst(2), text + "-more", text.uppercased(),
            "00-" + String(repeating: "0", count: 32) + "-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            #expect(TraceIdentity(wrong) == nil, "\(wrong)")
        }
    }

    @Test("what its beginner does not want recorded is not recorded, nor are its children")
    func unsampled() {
        let tracer = OTLPTracer()
        var context = InstrumentationContext.topLevel
        context.trace = TraceIdentity("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")

        let span = tracer.startSpan("quiet", context: context)
        tracer.startSpan("quieter", context: span.context).end()
        span.end()

        #expect(!span.isRecording)
        #expect(span.context.trace?.isSampled == false)
        #expect(tracer.buffer.isEmpty)
    }
}

extension TraceIdentity {
    fileprivate init?(_ text: some StringProtocol) { self.init(String(text)) }
}
