import Foundation

/// What a bench found, as a table and as JSON.
struct BenchReport: Encodable, Sendable {
    let workload: String
    let measuredAt: Date
    let seconds: Int
    let rounds: Int
    let isOptimised: Bool
    let cores: Int
    /// The machine's load when the bench began: above zero, somebody else was at work too.
    let loadBefore: Double
    let postgres: [String: String]
    let figures: [BenchFigure]
    let notes: [String]

    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return try encoder.encode(self) + Data("\n".utf8)
    }

    var table: String {
        let header = ["", "median", "least", "most", "unit", "target", ""]
        let rows = figures.map { figure in
            [
                figure.title, Self.number(figure.median), Self.number(figure.rounds.min() ?? 0),
                Self.number(figure.rounds.max() ?? 0), figure.unit,
                figure.target.map { "\($0.sign) \(Self.number($0.limit))" } ?? "", figure.verdict,
            ]
        }
        let lines = [summary, ""] + Self.aligned([header] + rows) + [""] + notes
        return lines.joined(separator: "\n")
    }

    private var summary: String {
        let settings = postgres.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(
            separator: ", ")
        let build = isOptimised ? "" : ", DEBUG BUILD: the figures mean nothing"
        return "\(workload): medians of \(rounds) rounds of \(seconds) s, \(cores) cores, "
            + "load \(loadBefore) before; "
            + "Postgres: \(settings)\(build)"
    }

    private static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1_000 { return "\(Int(value))" }
        return switch abs(value) {
        case 1_000...: grouped(Int(value.rounded()))
        case 100...: String(format: "%.0f", value)
        case 10...: String(format: "%.1f", value)
        case 0.1...: String(format: "%.2f", value)
        default: String(format: "%.4f", value)
        }
    }

    private static func grouped(_ value: Int) -> String {
        value < 1_000 ? "\(value)" : grouped(value / 1_000) + "," + String(format: "%03d", value % 1_000)
    }

    /// Words to the left, numbers to the right.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let columns = rows.first?.indices ?? 0..<0
        let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = columns.map { column in
                let blank = String(repeating: " ", count: widths[column] - row[column].count)
                return (1...3).contains(column) || column == 5 ? blank + row[column] : row[column] + blank
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
