// Asking VIES, the Commission's VAT Information Exchange System, whether a VAT number is registered: the JSON
// interface behind its own page, `POST /check-vat-number` below the base. Sources: the service's technical
// information (https://ec.europa.eu/taxation_customs/vies/#/technical-information) and the error words of its
// SOAP description (https://ec.europa.eu/taxation_customs/vies/checkVatTestService.wsdl), which both share.
//
// Facts relied on: there is no key. Whoever names a VAT number of its own as the requester is given a
// consultation number, the evidence that tax offices accept. The answer comes from the member state's own
// register, which is often away; that comes as an error word, with status 200 as well as with others, and
// says nothing about the number. Greece is EL. Asking changes nothing, so asking again is always safe.

import Commerce
import FoundationEssentials
import VendorHTTP

/// The service, asked in the platform's name.
package struct VIESClient: Sendable {
    private let base: String
    private let transport: VendorTransport
    private let timeout: Duration
    private let now: @Sendable () -> Date

    package init(
        base: String = "https://ec.europa.eu/taxation_customs/vies/rest-api",
        transport: VendorTransport = .shared, timeout: Duration = .seconds(20),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.base = base
        self.transport = transport
        self.timeout = timeout
        self.now = now
    }

    /// Whether the number is registered. `requester` is our own number; where VIES does not know that one, it
    /// is asked again without, and the answer carries no consultation number.
    package func check(
        _ number: VATNumber, for requester: VATNumber?
    ) async throws(VIESFailure) -> VIESAnswer {
        do {
            return try await ask(number, for: requester)
        } catch {
            guard requester != nil, error.reason == .requesterRefused else { throw error }
            return try await ask(number, for: nil)
        }
    }

    private func ask(
        _ number: VATNumber, for requester: VATNumber?
    ) async throws(VIESFailure) -> VIESAnswer {
        let http = client(of: number.prefix)
        let request = VendorRequest(
            .post, "/check-vat-number",
            body: .json(
                .object(present: [
                    ("countryCode", .string(number.prefix)), ("vatNumber", .string(number.withoutPrefix)),
                    ("requesterMemberStateCode", .optional(requester?.prefix)),
                    ("requesterNumber", .optional(requester?.withoutPrefix)),
                ])))
        let response: VendorResponse
        do {
            response = try await http.send(request)
        } catch {
            if case .held(let until, _) = error {
                throw VIESFailure(.held(until: until), call: http.call(request))
            }
            throw VIESFailure(.unreachable(error.reason), call: http.call(request))
        }
        return try VIESAnswer(response, call: http.call(request))
    }

    /// Each member state's register counts calls, and fails, by itself: the limits and the breaker of one
    /// must not hold up the others.
    private func client(of memberState: String) -> VendorHTTPClient {
        VendorHTTPClient(
            account: VendorAccount(vendor: "vies", name: memberState), base: base,
            headers: [HeaderField("Accept", "application/json")], timeout: timeout, transport: transport,
            now: now)
    }
}

extension VATNumber {
    fileprivate var withoutPrefix: String { String(rawValue.dropFirst(2)) }
}
