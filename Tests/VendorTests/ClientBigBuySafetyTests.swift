import Commerce
import Foundation
import Testing
import VendorHTTP
import VendorSandbox

@testable import BigBuy

// What BigBuy tells of the maker of an article: seldom the whole, and often nothing.

@Suite("Reading BigBuy's product-safety data")
struct ClientBigBuySafetyTests {
    private static func safety(_ status: Int, _ body: String) async throws -> ProductSafety? {
        let server = try CannedServer([.answer(status, body)])
        return try await ClientBigBuyCallTests.client(server).safety(of: "334497")
    }

    private static func whole(_ parties: String) -> String {
        #"{"id":1,"sku":"A","productComplianceDocuments":[],"generalProductSafetyRegulations":["#
            + parties + "]}"
    }

    @Test("a maker is read with both spellings of its members, in one line each")
    func maker() async throws {
        let seen = try await Self.safety(
            200,
            Self.whole(
                #"{"name":"Works\n SL","countryIsoCode":"es","address":"Calle 1","contact":"a@b.test","#
                    + #""webSite":"https://b.test","safetyWarnings":[{"id":1,"description":"Hot"},"Sharp"]}"#)
        )
        let other = try await Self.safety(
            200,
            Self.whole(
                #"{"manufacturerName":"Works SL","country":"ES","address":"Calle 1","contact":"","#
                    + #""website":"https://b.test","warnings":"Hot"}"#))

        #expect(
            seen
                == ProductSafety(
                    manufacturer: "Works SL", address: "Calle 1", country: .spain, contact: "a@b.test",
                    warnings: [.english: "Hot\nSharp"]))
        #expect(other?.contact == "https://b.test")
        #expect(other?.warnings == [.english: "Hot"])
        #expect(seen?.isListable == true && other?.isListable == true)
    }

    @Test("of a maker outside the Union, the party inside it answers for the goods")
    func deputy() async throws {
        let maker = #"{"name":"Far Ltd","countryIsoCode":"CN","address":"Road 1","contact":"f@far.test"}"#
        let importer = #"{"name":"Near BV","countryIsoCode":"NL","address":"Kade 2","contact":"n@near.test"}"#

        let alone = try await Self.safety(200, Self.whole(maker))
        let both = try await Self.safety(200, Self.whole(maker + "," + importer))

        #expect(alone?.missing == [.responsiblePerson])
        #expect(both?.manufacturer == "Far Ltd")
        #expect(both?.responsiblePerson == "Near BV, Kade 2, NL, n@near.test")
        #expect(both?.isListable == true)
    }

    @Test(
        "nothing is told by a 404, by an empty body, and by an empty list",
        arguments: [
            (404, #"{"code":404,"message":"Product not found."}"#), (200, ""), (200, whole("")),
            (200, whole("{}")), (200, #"{"id":1,"sku":"A"}"#),
        ])
    func nothing(status: Int, body: String) async throws {
        #expect(try await Self.safety(status, body) == nil)
    }

    @Test(
        "an error is no word about the article",
        arguments: [
            (404, #"{"code":404,"message":"No route found"}"#), (500, "<html></html>"),
            (200, "<html>error</html>"), (200, #"{"code":409,"message":"Something went wrong 0a"}"#),
            (401, #"{"message":"Invalid Token"}"#),
        ])
    func failures(status: Int, body: String) async throws {
        await #expect(throws: BigBuyFailure.self) { try await Self.safety(status, body) }
    }

    @Test("the sandbox tells the whole, a part, nothing, and what a lever changed")
    func sandbox() async throws {
        try await SandboxDesk.open({ BigBuySandbox($0) }, headers: [:]) { desk in
            let client = BigBuyClient(key: "key", base: desk.server.baseURL, timeout: .seconds(5))

            #expect(try await client.safety(of: "334497")?.isListable == true)
            #expect(try await client.safety(of: "334512")?.missing == [.address, .contact])
            #expect(try await client.safety(of: "334511") == nil)
            #expect(try await client.safety(of: "334516") == nil)
            try await desk.pull("safety", ["sku": "V0100101", "contact": "", "warnings": ["Hot"]])
            let changed = try await client.safety(of: "334497")
            #expect(changed?.missing == [.contact])
            #expect(changed?.warnings == [.english: "Hot"])
            try await desk.pull("safety", ["sku": "V0100101", "known": false])
            #expect(try await client.safety(of: "334497") == nil)
        }
    }
}
