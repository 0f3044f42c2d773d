import Commerce
import Foundation
import MerchantHooks
import Testing

@testable import VendorHTTP

/// Hosts that strangers name, and where they lead.
@Suite("The door to strangers' hosts")
struct AddressDoorTests {
    private static let loopback: [UInt8] = [127, 0, 0, 1]

    private func client(
        _ base: String, leadsTo addresses: [[UInt8]], allowed: @escaping @Sendable ([UInt8]) -> Bool
    ) -> VendorHTTPClient {
        VendorHTTPClient(
            account: VendorAccount(vendor: "test", name: "door"), base: base, headers: [],
            timeout: .seconds(10),
            transport: VendorTransport.shared.onlyTo(resolving: { _ in addresses }, allowed))
    }

    @Test("the connection goes to the address that was checked, whatever the name leads to elsewhere")
    func pinned() async throws {
        let server = try CannedServer([.answer(200, "{}")])
        // No name server knows it: only the checked address can have been used.
        let base = "http://Shop.example.test:\(server.port)"
        let client = client(base, leadsTo: [Self.loopback]) { $0 == Self.loopback }

        let answer = try await client.send(VendorRequest(.get, "/feed.csv"))

        #expect(answer.status == 200)
        #expect(server.requests.first?.lowercased().contains("host: shop.example.test") == true)
    }

    @Test(
        "a name that leads inside is refused before anything is sent, also beside a public address",
        arguments: [
            [[127, 0, 0, 1]], [[169, 254, 169, 254]], [[8, 8, 8, 8], [10, 0, 0, 5]],
            [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]], [[168, 63, 129, 16]], [],
        ] as [[[UInt8]]])
    func inside(addresses: [[UInt8]]) async throws {
        let server = try CannedServer([.answer(200, "{}")])
        let base = "http://shop.example.test:\(server.port)"
        let client = client(base, leadsTo: addresses, allowed: NetworkHost.isPublic)

        await #expect {
            _ = try await client.send(VendorRequest(.get, "/"))
        } throws: { error in
            guard case TransportFailure.notSent(let reason)? = error as? TransportFailure else {
                return false
            }
            // The same words wherever it leads, and none of what was found.
            return reason == "shop.example.test leads to no public address"
        }
        await #expect(throws: TransportFailure.self) {
            try await client.download(VendorRequest(.get, "/")) { _ in
                true
            } take: { _ in
            }
        }
        #expect(server.requests.isEmpty)
    }

    @Test("the machine's own resolver is asked: localhost is inside")
    func system() async throws {
        let server = try CannedServer([.answer(200, "{}")])
        let closed = VendorTransport.shared.onlyTo(NetworkHost.isPublic)
        let open = VendorTransport.shared.onlyTo { $0 == Self.loopback || $0.count == 16 }
        let addresses = try await AddressDoor.system("127.0.0.1")
        #expect(addresses == [Self.loopback])
        for (transport, isOpen) in [(closed, false), (open, true)] {
            let client = VendorHTTPClient(
                account: VendorAccount(vendor: "test", name: "door"), base: "http://127.0.0.1:\(server.port)",
                headers: [], timeout: .seconds(10), transport: transport)
            // What is refused throws; only whether it was matters here.
            let answer = try? await client.send(VendorRequest(.get, "/"))
            #expect((answer?.status == 200) == isOpen)
        }
        #expect(server.requests.count == 1)
    }

    @Test("a name that takes too long is given up before anything is sent")
    func slow() async throws {
        let server = try CannedServer([.answer(200, "{}")])
        let silence = DispatchSemaphore(value: 0)
        defer { silence.signal() }
        let lookUps = NameLookUps(patience: .milliseconds(20)) { _ in
            silence.wait()
            return [Self.loopback]
        }
        let client = VendorHTTPClient(
            account: VendorAccount(vendor: "test", name: "door"),
            base: "http://shop.example.test:\(server.port)", headers: [], timeout: .seconds(10),
            transport: VendorTransport.shared.onlyTo(resolving: { try await lookUps.addresses(of: $0) }) {
                _ in
                true
            })

        await #expect {
            _ = try await client.send(VendorRequest(.get, "/"))
        } throws: { error in
            guard case TransportFailure.notSent(let reason)? = error as? TransportFailure else {
                return false
            }
            return reason.hasPrefix("shop.example.test was not found within")
        }
        #expect(server.requests.isEmpty)
    }

    @Test("a name whose server is silent holds two look-ups, and no other name waits for them")
    func silent() async throws {
        let silence = DispatchSemaphore(value: 0)
        let (asked, asking) = AsyncStream<Void>.makeStream()
        let lookUps = NameLookUps(patience: .seconds(300)) { host in
            guard host != "well.example.test" else { return [[8, 8, 8, 8]] }
            asking.yield()
            silence.wait()
            return [[9, 9, 9, 9]]
        }
        async let first = lookUps.addresses(of: "dead.example.test")
        async let second = lookUps.addresses(of: "Dead.Example.test")
        var begun = asked.makeAsyncIterator()
        await begun.next()
        await begun.next()

        async let third = lookUps.addresses(of: "dead.example.test")
        // An error is no address either, and must not end the test while two threads are held.
        let well = try? await lookUps.addresses(of: "well.example.test")
        #expect(well == [[8, 8, 8, 8]])

        // The others are for look-ups that find a free place afterwards.
        for _ in 1...4 { silence.signal() }
        #expect(try await first == [[9, 9, 9, 9]])
        #expect(try await second == [[9, 9, 9, 9]])
        #expect(try await third == [[9, 9, 9, 9]])
        #expect(try await lookUps.addresses(of: "dead.example.test") == [[9, 9, 9, 9]])
    }

    @Test("a look-up whose call was cancelled is left behind")
    func cancelled() async throws {
        let silence = DispatchSemaphore(value: 0)
        defer { silence.signal() }
        let (asked, asking) = AsyncStream<Void>.makeStream()
        let lookUps = NameLookUps(patience: .seconds(300)) { _ in
            asking.yield()
            silence.wait()
            return []
        }

        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await lookUps.addresses(of: "dead.example.test") }
            var begun = asked.makeAsyncIterator()
            await begun.next()
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    @Test(
        "a host that two readers could take for two is refused",
        arguments: ["ex%61mple.test", "a_b.test", ""])
    func unclear(host: String) async throws {
        let client = client("http://\(host)", leadsTo: [[8, 8, 8, 8]]) { _ in true }

        await #expect(throws: TransportFailure.self) { _ = try await client.send(VendorRequest(.get, "/")) }
    }

    @Test("a merchant's webhook does not reach a machine of ours by a name that leads to it")
    func hook() async throws {
        let server = try CannedServer([.answer(200, "{}")])
        // The client puts its own rule in the place of this one.
        let transport = VendorTransport.shared.onlyTo(resolving: { _ in [Self.loopback] }) { _ in true }
        let hooks = HookClient(transport: transport, timeout: .seconds(10))

        let answer = try await hooks.send(
            HookMessage(id: "msg_1", body: []), to: "https://hooks.example.com:\(server.port)/",
            signedWith: [])

        #expect(answer.status == nil)
        #expect(answer.problem?.contains("no public address") == true)
        #expect(server.requests.isEmpty)
    }
}
