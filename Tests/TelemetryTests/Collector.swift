import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import Synchronization

/// A collector that takes OTLP/HTTP posts and keeps their spans. It is no server of ours, so it leaves no
/// spans itself.
final class Collector: Sendable {
    /// One received span.
    struct Received: Sendable {
        let name: String
        let trace: String
        let span: String
        let parent: String?
        let kind: Int
        let status: Int
        let attributes: [String: String]
        let links: [String]
    }

    private struct State {
        var spans: [Received] = []
        var posts = 0
        var services: Set<String> = []
        var refusals = 0
    }

    private let state = Mutex(State())
    private let ports = AsyncStream<Int>.makeStream()

    var spans: [Received] { state.withLock { $0.spans } }
    var posts: Int { state.withLock { $0.posts } }
    var services: Set<String> { state.withLock { $0.services } }

    /// The next so many posts are answered with 503.
    func refuse(_ posts: Int) { state.withLock { $0.refusals = posts } }

    private var server: ServiceGroup {
        let router = Router()
        router.post("/v1/traces") { [self] request, _ -> Response in
            let body = try await request.body.collect(upTo: 8 << 20)
            guard request.headers[.contentType] == "application/json" else {
                return Response(status: .unsupportedMediaType)
            }
            return try take(Data(buffer: body))
        }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { [ports] in ports.continuation.yield($0.localAddress?.port ?? 0) },
            logger: .quiet)
        return ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: application)], logger: .quiet))
    }

    /// Runs `body` beside the collector, which stops afterwards.
    func collecting<R: Sendable>(_ body: @Sendable @escaping (_ endpoint: String) async throws -> R)
        async throws -> R
    {
        let server = server
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await port in ports.stream {
                let result = try await body("http://127.0.0.1:\(port)")
                // Asked, not cancelled: a server that is torn down while it accepts a connection traps.
                await server.triggerGracefulShutdown()
                try await group.waitForAll()
                return result
            }
            throw TookTooLong(what: "the collector never listened")
        }
    }

    private func take(_ body: Data) throws -> Response {
        let post = try JSONDecoder().decode(Post.self, from: body)
        let isRefused = state.withLock { state in
            state.posts += 1
            guard state.refusals == 0 else {
                state.refusals -= 1
                return true
            }
            for resource in post.resourceSpans {
                let names = resource.resource.attributes.filter { $0.key == "service.name" }
                state.services.formUnion(names.compactMap(\.value.text))
                state.spans += resource.scopeSpans.flatMap(\.spans).map(\.received)
            }
            return false
        }
        return Response(status: isRefused ? .serviceUnavailable : .ok)
    }
}

private struct Post: Decodable {
    let resourceSpans: [Resource]

    struct Resource: Decodable {
        let resource: Attributes
        let scopeSpans: [Scope]
    }
    struct Attributes: Decodable { let attributes: [Attribute] }
    struct Scope: Decodable { let spans: [Span] }
    struct Attribute: Decodable {
        let key: String
        let value: Value
    }
    struct Value: Decodable {
        let stringValue: String?
        let intValue: String?
        var text: String? { stringValue ?? intValue }
    }
    struct Link: Decodable { let spanId: String }
    struct Status: Decodable { let code: Int }
    struct Span: Decodable {
        let traceId: String
        let spanId: String
        let parentSpanId: String?
        let name: String
        let kind: Int
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        let attributes: [Attribute]
        let links: [Link]
        let status: Status

        var received: Collector.Received {
            Collector.Received(
                name: name, trace: traceId, span: spanId, parent: parentSpanId, kind: kind,
                status: status.code,
                attributes: Dictionary(
                    attributes.map { ($0.key, $0.value.text ?? "") }, uniquingKeysWith: { $1 }),
                links: links.map(\.spanId))
        }
    }
}
