// A supplier's feed looked at from the command line, apart from any store: what would be read of it with a
// mapping, and which rows would be set aside. Nothing is stored.

import ArgumentParser
import Commerce
import Foundation
import SupplierFeeds

struct FeedsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feeds", abstract: "Tries a supplier's feed and its mapping.",
        subcommands: [CheckCommand.self])

    struct CheckCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Reads a feed and says what a sync would make of it.",
            discussion: """
                Our names are \(FeedField.allCases.map(\.rawValue).joined(separator: ", ")). An example:
                  cartflux feeds check feed.csv --mapping sku=code name=title cost=price stock=qty
                Ends with 1 where rows would be set aside, and with 2 where the feed cannot be read at all.
                """)

        @Argument(help: "A file, or an https:// or http:// address.") var feed: String
        @Option(parsing: .upToNextOption, help: "Which of the feed's names means which of ours: OURS=THEIRS.")
        var mapping: [String] = []
        @OptionGroup var form: FeedFormOptions
        @Option(help: "What opens the feed, as user:password.") var login: String?
        @Option(help: "How many rows that would be set aside are listed.") var limit = 20

        func run() async throws {
            let settings = try form.settings(of: feed, mapping)
            let check: FeedCheck
            do {
                let (bytes, declared) = try await load(settings)
                check = try FeedCheck(of: bytes, settings, declared: declared)
            } catch let problem as FeedProblem {
                print("\(problem)")
                throw ExitCode(2)
            }
            print(FeedText.summary(check))
            if !check.examples.isEmpty { print("\n" + FeedText.examples(check.examples)) }
            guard check.problemCount > 0 else { return }
            print("\nset aside:")
            for problem in check.problems.prefix(limit) { print(problem) }
            if check.problems.count > limit { print("... and more; see --limit") }
            throw ExitCode(1)
        }

        private func load(_ settings: FeedSettings) async throws -> ([UInt8], FeedEncoding?) {
            guard feed.hasPrefix("http://") || feed.hasPrefix("https://") else {
                guard let data = FileManager.default.contents(atPath: feed) else {
                    throw ValidationError("there is no file \(feed) that can be read")
                }
                return (Array(data), nil)
            }
            // Whoever sits at this command line may reach what the machine may reach.
            let adapter = try SupplierAdapters(mayReachPrivateHosts: true).adapter(
                "feed", settings: try settings.json)
            let spool = MemorySpool()
            var state = FetchState()
            while true {
                let source = SupplierSource(address: feed, credential: login)
                switch try await adapter.fetch(state, from: source, into: spool) {
                case .unchanged: return (await spool.bytes, nil)
                case .complete(let end): return (await spool.bytes, end.encoding)
                case .more(let next): state = next
                }
            }
        }
    }
}

/// How a feed is written.
struct FeedFormOptions: ParsableArguments {
    @Option(help: "csv, xml or json; told by the feed's name where it ends so.") var format: String?
    @Option(help: "XML: the element of one product. JSON: the member that holds the list.")
    var record: String?
    @Option(help: "The path of the variants within a product.") var variants: String?
    @Option(help: "CSV: , ; | or tab. Told by the first row where it is left out.") var delimiter: String?
    @Option(help: "utf-8, windows-1250, windows-1252, iso-8859-1 or iso-8859-2.") var encoding: String?
    @Option(help: "What stands before the decimals: point or comma.") var decimal = "point"
    @Option(help: "What the supplier charges in, where the feed does not say.") var currency = "EUR"
    @Option(help: "ro, en, de or es.") var language = "en"
    @Option(help: "What divides several pictures within one field.") var listSeparator: String?

    func settings(of feed: String, _ mapping: [String]) throws -> FeedSettings {
        var paths: [FeedField: String] = [:]
        for pair in mapping {
            let halves = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard halves.count == 2, let field = FeedField(rawValue: halves[0]) else {
                throw ValidationError("--mapping \(pair): write OURS=THEIRS; see --help for our names")
            }
            paths[field] = halves[1]
        }
        guard let form = FeedFormat(rawValue: format ?? Self.ending(of: feed)) else {
            throw ValidationError("name the feed's format with --format csv, xml or json")
        }
        guard let decimal = FieldMapping.DecimalMark(rawValue: decimal) else {
            throw ValidationError("--decimal is point or comma")
        }
        guard let language = Language(rawValue: language) else {
            throw ValidationError("--language is ro, en, de or es")
        }
        if let encoding, FeedEncoding(label: encoding) == nil {
            throw ValidationError("--encoding \(encoding) is not supported")
        }
        let settings = FeedSettings(
            form, encoding: encoding.flatMap { FeedEncoding(label: $0) },
            delimiter: delimiter == "tab" ? "\t" : delimiter, record: record,
            mapping: FieldMapping(
                paths, variants: variants, currency: try Currency(parsing: currency), language: language,
                decimal: decimal, listSeparator: listSeparator))
        guard settings.problems.isEmpty else {
            let lines = settings.problems.map { "\($0.field) \($0.reason)" }
            throw ValidationError(lines.joined(separator: "\n"))
        }
        return settings
    }

    private static func ending(of feed: String) -> String {
        let path = feed.prefix { $0 != "?" }
        return path.split(separator: ".").last.map { $0.lowercased() } ?? ""
    }
}

/// A feed that is read once and forgotten.
private actor MemorySpool: FeedSpool {
    nonisolated let grain = 1
    private(set) var bytes: [UInt8] = []
    private var known = FeedIdentity()

    func write(_ part: [UInt8], at offset: Int) {
        bytes.removeSubrange(min(offset, bytes.count)...)
        bytes += part
    }

    func begin(_ identity: FeedIdentity) {
        known = identity
        bytes = []
    }

    func identity() -> FeedIdentity {
        FeedIdentity(etag: known.etag, lastModified: known.lastModified, bytes: bytes.count)
    }
}

private enum FeedText {
    static func summary(_ check: FeedCheck) -> String {
        var lines = [
            "\(check.rows) rows: \(check.articles) articles, \(check.problemCount) rows set aside"
        ]
        if check.unlistable > 0 {
            lines.append("\(check.unlistable) articles lack product-safety data and may not be listed")
        }
        if !check.columns.isEmpty { lines.append("columns: " + check.columns.joined(separator: ", ")) }
        return lines.joined(separator: "\n")
    }

    static func examples(_ items: [SupplierItem]) -> String {
        RunText.columns(
            [["article", "cost", "stock", "title"]]
                + items.map { item in
                    [
                        item.reference.rawValue, "\(item.cost)", "\(item.stock)",
                        item.titles.values.first ?? "",
                    ]
                })
    }
}
