import Foundation

/// What a figure must reach.
enum BenchTarget: Sendable {
    case atLeast(Double)
    case atMost(Double)
    case below(Double)

    func isMet(by value: Double) -> Bool {
        switch self {
        case .atLeast(let limit): value >= limit
        case .atMost(let limit): value <= limit
        case .below(let limit): value < limit
        }
    }

    var sign: String {
        switch self {
        case .atLeast: ">="
        case .atMost: "<="
        case .below: "<"
        }
    }

    var limit: Double {
        switch self {
        case .atLeast(let limit), .atMost(let limit), .below(let limit): limit
        }
    }
}

/// One line of the table: a value per round, of which the median counts.
struct BenchFigure: Sendable {
    /// Stable, for whoever compares reports.
    let key: String
    let title: String
    let unit: String
    let rounds: [Double]
    let target: BenchTarget?

    init(_ key: String, _ title: String, _ unit: String, _ rounds: [Double], _ target: BenchTarget? = nil) {
        self.key = key
        self.title = title
        self.unit = unit
        self.rounds = rounds
        self.target = target
    }

    var median: Double { rounds.median }

    /// Judged on the measured value, not on the rounded one that is printed.
    var verdict: String { target.map { $0.isMet(by: median) ? "ok" : "missed" } ?? "" }
}

extension BenchFigure: Encodable {
    private enum Key: String, CodingKey { case key, title, unit, median, rounds, target, comparison, met }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(key, forKey: .key)
        try values.encode(title, forKey: .title)
        try values.encode(unit, forKey: .unit)
        try values.encode(median, forKey: .median)
        try values.encode(rounds, forKey: .rounds)
        guard let target else { return }
        try values.encode(target.limit, forKey: .target)
        try values.encode(target.sign, forKey: .comparison)
        try values.encode(target.isMet(by: median), forKey: .met)
    }
}

extension [Double] {
    /// Zero of nothing.
    var median: Double {
        guard !isEmpty else { return 0 }
        let ordered = sorted()
        return (ordered[(count - 1) / 2] + ordered[count / 2]) / 2
    }
}
