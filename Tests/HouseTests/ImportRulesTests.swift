import Testing

/// A check that cannot fail holds nothing: every rule meets something that breaks it, and something that
/// looks as if it did.
@Suite("The rules on imports can fail")
struct ImportRulesTests {
    private let imports = ImportRules(
        [
            "Sources/Drivers/Postgres/A.swift", "Sources/Engine/Durable/A.swift",
            "Sources/Engine/Fleet/A.swift",
            "Sources/Commerce/Commerce/A.swift", "Sources/Commerce/CommerceStore/A.swift",
            "Sources/Vendors/Stripe/A.swift", "Workflows/A.swift", "Sources/Web/WebSupport/A.swift",
            "Sources/Web/Storefront/A.swift", "Sources/Web/Gateway/A.swift", "Sources/cartflux/A.swift",
        ].map { SourceFile(path: $0, text: "") })

    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: path, text: text) }

    private func line(_ findings: [Finding]) -> [Int] { findings.map(\.line) }

    @Test("the lexer keeps code and drops comments and texts")
    func lexer() {
        let text = ##"""
            let a = "import X \(value("}")) {"  // import Y
            /* import /* nested */ Z */ let b = #"raw " \#(b)"#
            let c = """
                struct Base { "quoted" }
                """
            """##

        let lines = file("Sources/A.swift", text).code

        #expect(lines[0].contains("value("))
        #expect(!lines[0].contains("import"))
        #expect(!lines[0].contains("{") && !lines[0].contains("}"))
        #expect(lines[1].words == ["let", "b", "b"])
        #expect(lines[3].words.isEmpty)
        #expect(lines.count == 5)
    }

    @Test("imports are read with all their decorations")
    func importLines() {
        let text = """
            // import Comment
            import Foundation
            internal import CLibpq
            @testable import Fleet
            @preconcurrency public import struct Durable.Workflow
            let import2 = "import Text"
            """

        #expect(
            ImportRules.imports(of: file("Sources/A.swift", text)).map(\.module) == [
                "Foundation", "CLibpq", "Fleet", "Durable",
            ])
    }

    @Test("a pure module that imports ours is found, at its line")
    func pureModules() {
        let bad = file("Sources/Engine/Durable/Lease.swift", "import Foundation\n\nimport Postgres\n")

        #expect(
            imports.standsAlone(bad).map(\.description) == [
                "Sources/Engine/Durable/Lease.swift:3: Durable imports nothing of ours, but imports Postgres"
            ])
        #expect(imports.standsAlone(file("Sources/Engine/Fleet/A.swift", "import Postgres")).isEmpty)
    }

    @Test(
        "an import upwards is found",
        arguments: [
            ("Sources/Drivers/Postgres/A.swift", "Durable"), ("Sources/Engine/Fleet/A.swift", "Commerce"),
            ("Sources/Commerce/CommerceStore/A.swift", "Stripe"),
            ("Sources/Vendors/Stripe/A.swift", "Workflows"),
            ("Workflows/A.swift", "WebSupport"), ("Sources/Web/Gateway/A.swift", "cartflux"),
        ])
    func upwards(path: String, module: String) {
        #expect(imports.pointsDown(file(path, "import \(module)")).count == 1)
    }

    @Test("an import downwards or beside is fine")
    func downwards() {
        #expect(imports.pointsDown(file("Workflows/A.swift", "import Durable\nimport Stripe")).isEmpty)
        #expect(imports.pointsDown(file("Sources/Vendors/Stripe/A.swift", "import Commerce")).isEmpty)
    }

    @Test("an engine that knows the shop is found")
    func engineForAnyServer() {
        #expect(line(imports.knowsNoCommerce(file("Sources/Engine/Fleet/A.swift", "\nimport Stripe"))) == [2])
        #expect(imports.knowsNoCommerce(file("Sources/Engine/Fleet/A.swift", "import Postgres")).isEmpty)
    }

    @Test("a face that imports another is found")
    func faces() {
        #expect(imports.facesAreApart(file("Sources/Web/Gateway/A.swift", "import Storefront")).count == 1)
        #expect(imports.facesAreApart(file("Sources/Web/WebSupport/A.swift", "import Gateway")).count == 1)
        #expect(imports.facesAreApart(file("Sources/Web/Gateway/A.swift", "import WebSupport")).isEmpty)
    }

    @Test("a library outside the one module that may use it is found")
    func guardedLibraries() {
        let fleet = "Sources/Engine/Fleet/A.swift"
        #expect(ImportRules.libpq(file(fleet, "import CLibpq")).count == 1)
        #expect(ImportRules.libpq(file("Sources/Drivers/Postgres/A.swift", "import CLibpq")).isEmpty)
        #expect(ImportRules.redisLibraries(file(fleet, "import CHiredis\nimport COpenSSL")).count == 2)
        #expect(ImportRules.redisLibraries(file("Sources/Drivers/Redis/A.swift", "import CHiredis")).isEmpty)
        #expect(ImportRules.hummingbird(file(fleet, "import HummingbirdCore")).count == 1)
        #expect(ImportRules.hummingbird(file("Sources/Web/Gateway/A.swift", "import Hummingbird")).isEmpty)

        let sandbox = "Sources/Vendors/VendorSandbox"
        #expect(ImportRules.httpClient(file("\(sandbox)/Card.swift", "import AsyncHTTPClient")).count == 1)
        #expect(
            ImportRules.httpClient(file("\(sandbox)/WebhookSender.swift", "import AsyncHTTPClient")).isEmpty)
        #expect(
            ImportRules.httpClient(file("Sources/Vendors/Stripe/A.swift", "import AsyncHTTPClient")).count
                == 1)
    }

    @Test(
        "a workflow with SQL, HTTP or JSON is found",
        arguments: [
            "import Postgres", "let decoder = JSONDecoder()", "throw HTTPError.notFound",
            #"try await tx.execute("select id from orders")"#, #"let q = "UPDATE orders SET state = 1""#,
        ])
    func technicalWorkflow(text: String) {
        #expect(!WorkflowRules.holdsBusinessOnly(file("Workflows/Refund.swift", text)).isEmpty)
        #expect(WorkflowRules.holdsBusinessOnly(file("Sources/Commerce/CommerceStore/A.swift", text)).isEmpty)
    }

    @Test("a workflow may say select, HTTP and JSON in its comments and update a thing in its code")
    func businessWorkflow() {
        let text = """
            // The vendor answers by HTTP with JSON; we select from what it offers.
            /// Update the set of parcels.
            try await orders.update(order, set: .shipped)
            """

        #expect(WorkflowRules.holdsBusinessOnly(file("Workflows/Refund.swift", text)).isEmpty)
        #expect(WorkflowRules.isFlat(file("Workflows/Refund.swift", "")).isEmpty)
        #expect(WorkflowRules.isFlat(file("Workflows/Deep/Refund.swift", "")).count == 1)
    }
}
