import Foundation
import Synchronization
import Testing
import VendorSandbox

@testable import SupplierFeeds

@Suite("Feeds that were fetched before a crash")
struct FeedResumeTests {
    @Test("what lies whole in the spool is fetched anew, because nothing told its letters")
    func whole() async throws {
        let workbench = Workbench(logger: VendorSandbox.quietLogger)
        let host = FeedHost(workbench)
        let server = try await SandboxServer.start(host, workbench)
        let body = Array("sku,name,price,stock\nA-1,Lamp".utf8) + [0xE3] + Array(",1.00,1\n".utf8)
        await host.publish(body, at: "/feed.csv", type: "text/csv; charset=iso-8859-2")
        let settings = FeedSettings(.csv, mapping: FeedDesk.mapping)
        let adapter = try SupplierAdapters(mayReachPrivateHosts: true).adapter(
            "feed", settings: try settings.json)
        let source = SupplierSource(address: server.baseURL + "/feed.csv")
        let spool = MemorySpool()

        let first = try await adapter.fetch(FetchState(), from: source, into: spool)
        // The worker died before the answer was recorded; the spool stayed.
        let second = try await adapter.fetch(FetchState(), from: source, into: spool)
        await server.stop()

        let complete = Fetched.complete(FetchState(bytes: body.count, encoding: .latin2))
        #expect(first == complete)
        #expect(second == complete)
        #expect(spool.bytes == body)
    }
}

/// A spool that keeps everything in memory.
private final class MemorySpool: FeedSpool {
    private struct State {
        var identity = FeedIdentity()
        var bytes: [UInt8] = []
    }

    private let state = Mutex(State())

    let grain = 16

    var bytes: [UInt8] { state.withLock { $0.bytes } }

    func write(_ bytes: [UInt8], at offset: Int) async throws {
        state.withLock { $0.bytes = Array($0.bytes.prefix(offset)) + bytes }
    }

    func begin(_ identity: FeedIdentity) async throws {
        state.withLock { $0 = State(identity: identity) }
    }

    func identity() async throws -> FeedIdentity {
        state.withLock { state in
            var identity = state.identity
            identity.bytes = state.bytes.count
            return identity
        }
    }
}
