import ArgumentParser
import CommerceStore
import Foundation

struct ReportsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reports", abstract: "Prints what tax offices ask for, as CSV.",
        discussion: "A person checks a report before it is filed; amounts are as the orders were paid.",
        subcommands: [OSSCommand.self, DAC7Command.self])

    struct OSSCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "oss",
            abstract: "Sales to consumers in other member states, by country and rate (Union scheme).")

        @Option(help: "The year.") var year: Int
        @Option(help: "The quarter, 1 to 4.") var quarter: Int
        @Option(help: "One store, by its slug; all by default.") var store: String?

        func validate() throws {
            guard (2020...2100).contains(year), (1...4).contains(quarter) else {
                throw ValidationError("--year is like 2026 and --quarter from 1 to 4")
            }
        }

        func run() async throws {
            let (year, quarter, store) = (year, quarter, store)
            let table = try await BillingCommand.withPlatform { platform in
                try await PlatformReports(platform.database).oss(year: year, quarter: quarter, store: store)
            }
            print(table.csv, terminator: "")
        }
    }

    struct DAC7Command: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "dac7", abstract: "What each seller took in per quarter (Directive 2021/514).")

        @Option(help: "The year.") var year: Int

        func validate() throws {
            guard (2020...2100).contains(year) else { throw ValidationError("--year is like 2026") }
        }

        func run() async throws {
            let year = year
            let table = try await BillingCommand.withPlatform { platform in
                try await PlatformReports(platform.database).dac7(year: year)
            }
            print(table.csv, terminator: "")
        }
    }
}
