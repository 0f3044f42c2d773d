import Foundation
import HTTPTypes
import Hummingbird
import Logging

// One vendor on one loopback port. The order of things for a request: record it, let the faults decide,
// wait, run the vendor, complete the record, answer. A dropped connection is a real one: the socket is
// closed under the client, before the vendor ran (`drop_before`) or after (`drop_after`), because a caller
// cannot tell the two apart and must not need to.

/// A running sandbox of one vendor.
package final class SandboxServer: Sendable {
    /// Large enough for a product feed, small enough for a laptop.
    private static let bodyLimit = 16 * 1024 * 1024

    package let vendor: any SandboxVendor
    package let workbench: Workbench
    package let port: Int
    /// Awaited by `stop`, which also cancels it.
    private let running: Task<Void, any Error>

    /// Where the vendor is served, such as `http://127.0.0.1:4010`.
    package var baseURL: String { "http://127.0.0.1:\(port)" }

    /// Starts serving; port 0 takes any free one. Throws when the port cannot be bound.
    package static func start(
        _ vendor: any SandboxVendor, _ workbench: Workbench, port: Int = 0
    ) async throws -> SandboxServer {
        let (ports, announcement) = AsyncStream.makeStream(of: Int.self)
        // The server is stopped by cancelling it, which it would report as an error each time.
        var quiet = workbench.logger
        quiet.logLevel = .critical
        let application = Application(
            responder: SandboxResponder(vendor: vendor, workbench: workbench, bodyLimit: bodyLimit),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in
                announcement.yield(channel.localAddress?.port ?? port)
                announcement.finish()
            },
            logger: quiet)
        // Held by the server: `stop` cancels and awaits it.
        let running = Task {
            defer { announcement.finish() }
            try await application.run()
        }
        guard let bound = await ports.first(where: { _ in true }) else {
            await workbench.webhooks.stop()
            try await running.value
            throw CancellationError()
        }
        return SandboxServer(vendor: vendor, workbench: workbench, port: bound, running: running)
    }

    private init(vendor: any SandboxVendor, workbench: Workbench, port: Int, running: Task<Void, any Error>)
    {
        self.vendor = vendor
        self.workbench = workbench
        self.port = port
        self.running = running
    }

    /// Closes the port and every connection and forgets undelivered webhooks.
    package func stop() async {
        running.cancel()
        // The server ends with the cancellation that was just asked for; there is nothing else to learn.
        _ = try? await running.value
        await workbench.webhooks.stop()
    }

    /// Serves until the task is cancelled or the server fails.
    package func wait() async throws {
        try await withTaskCancellationHandler {
            try await running.value
        } onCancel: {
            running.cancel()
        }
    }

    /// Puts vendor, record, clock, faults and webhooks back to the beginning.
    package func reset() async {
        await workbench.reset()
        await vendor.reset()
    }

    /// Moves the vendor's clock forward and runs what became due.
    package func advanceClock(seconds: Int64) async {
        workbench.clock.advance(seconds: seconds)
        await vendor.clockMoved()
    }
}

/// Carries the connection to where it may have to be closed.
private struct SandboxContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let hangUp: @Sendable () -> Void

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        let channel = source.channel
        hangUp = { channel.close(mode: .all, promise: nil) }
    }
}

private struct SandboxResponder: HTTPResponder {
    let vendor: any SandboxVendor
    let workbench: Workbench
    let bodyLimit: Int

    func respond(to request: Request, context: SandboxContext) async throws -> Response {
        let arrived = try await collect(request)
        if let answer = await SandboxControl(vendor: vendor, workbench: workbench).respond(to: arrived) {
            return Self.response(answer)
        }

        let number = workbench.calls.begin(arrived)
        let verdict = workbench.judge(method: arrived.method, path: arrived.path)
        let delayed = arrived.delayed(by: verdict.delay)
        if verdict.delay > .zero, !vendor.pausesItself { try await Task.sleep(for: verdict.delay) }

        switch verdict.end {
        case .dropBefore:
            workbench.calls.finish(number, status: nil, effect: nil, fault: "drop_before")
            return Self.dropped(context)
        case .refuse(let failure):
            let answer = vendor.refusal(failure)
            workbench.calls.finish(
                number, status: answer.status, effect: nil, fault: "status", response: answer.body)
            return Self.response(answer)
        case .dropAfter:
            let answer = await vendor.respond(to: delayed)
            workbench.calls.finish(
                number, status: nil, effect: answer.effect, fault: "drop_after", response: answer.body)
            return Self.dropped(context)
        case .answer:
            let answer = await vendor.respond(to: delayed)
            let fault = verdict.delay > .zero ? "latency" : nil
            workbench.calls.finish(
                number, status: answer.status, effect: answer.effect, fault: fault, response: answer.body)
            return Self.response(answer)
        }
    }

    private func collect(_ request: Request) async throws -> SandboxRequest {
        var request = request
        let body = try await request.collectBody(upTo: bodyLimit)
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { "\($0), \(field.value)" } ?? field.value
        }
        headers["host"] = request.head.authority ?? headers["host"]
        return SandboxRequest(
            method: request.method.rawValue, path: request.uri.path, query: request.uri.query ?? "",
            headers: headers, body: Array(body.readableBytesView))
    }

    /// Closes the socket. The response that is returned meets a closed channel and is never sent.
    private static func dropped(_ context: SandboxContext) -> Response {
        context.hangUp()
        return Response(status: .serviceUnavailable)
    }

    private static func response(_ answer: SandboxResponse) -> Response {
        var headers = HTTPFields()
        for header in answer.headers {
            guard let name = HTTPField.Name(header.name) else { continue }
            headers.append(HTTPField(name: name, value: header.value))
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}

extension SandboxRequest {
    fileprivate func delayed(by delay: Duration) -> SandboxRequest {
        SandboxRequest(method: method, path: path, query: query, headers: headers, body: body, delay: delay)
    }
}
