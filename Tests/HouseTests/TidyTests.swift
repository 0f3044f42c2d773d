import Foundation
import Testing

/// The rules of the house, held by reading its files. Each names what breaks it as `file:line: reason`.
@Suite("The house is tidy")
struct TidyTests {
    private let tree = SourceTree.shared
    private let imports = ImportRules(SourceTree.shared.product)

    @Test("the files were found")
    func found() {
        #expect(tree.product.count > 15, "only \(tree.product.count) files under \(tree.root.path)")
        #expect(imports.rooms.count > 15, "\(imports.rooms.keys.sorted())")
    }

    @Test("Durable and Commerce import nothing of ours")
    func pureModules() { expectNone(tree.product.flatMap(imports.standsAlone)) }

    @Test("each layer imports only what is below it")
    func layers() { expectNone(tree.product.flatMap(imports.pointsDown)) }

    @Test("drivers and engine know nothing of commerce")
    func engineForAnyServer() { expectNone(tree.product.flatMap(imports.knowsNoCommerce)) }

    @Test("web faces never import each other")
    func faces() { expectNone(tree.product.flatMap(imports.facesAreApart)) }

    @Test("only Postgres imports CLibpq")
    func libpq() { expectNone(tree.swift.flatMap(ImportRules.libpq)) }

    @Test("only Redis imports CHiredis and COpenSSL")
    func redisLibraries() { expectNone(tree.swift.flatMap(ImportRules.redisLibraries)) }

    @Test("only VendorHTTP and the sandbox's webhook sender import AsyncHTTPClient")
    func httpClient() { expectNone(tree.product.flatMap(ImportRules.httpClient)) }

    @Test("only the web faces and the sandbox import Hummingbird")
    func hummingbird() { expectNone(tree.product.flatMap(ImportRules.hummingbird)) }

    @Test("workflows contain no SQL, HTTP or JSON")
    func workflows() { expectNone(tree.swift.flatMap(WorkflowRules.holdsBusinessOnly)) }

    @Test("Workflows is flat")
    func flat() { expectNone(tree.files.flatMap(WorkflowRules.isFlat)) }

    @Test("no file has more than 500 lines")
    func fileSize() { expectNone(tree.files.flatMap(SizeRules.fileIsShort)) }

    @Test("no function has more than 70 lines")
    func functionSize() { expectNone(tree.swift.flatMap(SizeRules.functionsAreShort)) }

    @Test("no line has more than 110 columns")
    func lineLength() {
        // Runbooks are prose, whoever reads them has an editor that wraps. Vendors' examples keep every byte.
        // A query in a dashboard is one JSON string, which cannot be broken.
        let ours = tree.files.filter { file in
            !file.name.hasSuffix(".md") && !file.path.hasPrefix("Tests/VendorExamples/")
                && !file.path.hasPrefix("ops/grafana/")
        }
        expectNone(ours.flatMap(SizeRules.linesAreShort))
    }

    @Test("file names say what the files hold")
    func fileNames() { expectNone(tree.files.flatMap(NameRules.fileSaysWhatItHolds)) }

    @Test("type names say what the types are")
    func typeNames() { expectNone(tree.swift.flatMap(NameRules.typesSayWhatTheyAre)) }

    @Test("nothing is left for later in the code")
    func leftovers() { expectNone(tree.files.flatMap(NameRules.nothingIsLeftForLater)) }

    @Test("migrations are numbered without gaps, and give their reason")
    func migrations() { expectNone(LayoutRules.migrationsAreNumbered(tree.files)) }

    @Test("the top level holds only what belongs there")
    func topLevel() throws {
        expectNone(
            LayoutRules.topLevelIsTidy(try FileManager.default.contentsOfDirectory(atPath: tree.root.path)))
    }

    @Test("unchecked concurrency stays in the drivers, with its proof")
    func unchecked() { expectNone(tree.swift.flatMap(ConcurrencyRules.uncheckedStaysInDrivers)) }

    @Test("every task that is not structured says who owns it")
    func tasks() {
        // A test that starts a task ends with it, which its few lines show.
        expectNone(tree.product.flatMap(ConcurrencyRules.tasksAreOwned))
    }

    private func expectNone(_ findings: [Finding], _ location: SourceLocation = #_sourceLocation) {
        guard !findings.isEmpty else { return }
        let list = findings.map(\.description).joined(separator: "\n")
        Issue.record("\(findings.count) found:\n\(list)", sourceLocation: location)
    }
}
