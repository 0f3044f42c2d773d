// What Prometheus scrapes. The registry is also a backend for swift-metrics, so whatever the engine
// counts appears beside the web's own figures, and other parts append lines of their own.
// Values are doubles here: they are measurements, never money.

import Foundation
import Metrics
import Synchronization

package final class MetricsRegistry: Sendable {
    /// Upper bounds in seconds, for whatever has no bounds of its own.
    static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// Series beyond this are dropped: a label that takes any value would fill the memory.
    static let seriesLimit = 5_000

    fileprivate struct Series: Hashable {
        let name: String
        let labels: String
    }

    private struct State {
        var counters: [Series: Cell] = [:]
        var gauges: [Series: Cell] = [:]
        var distributions: [Series: Cell] = [:]
        var count: Int { counters.count + gauges.count + distributions.count }
    }

    private let state = Mutex(State())
    private let appended = Mutex<[@Sendable () async -> String]>([])
    private let ownBounds: [String: [Double]]

    /// - Parameter bounds: of the buckets of histograms that measure something else than a request's time.
    package init(bounds: [String: [Double]] = [:]) { ownBounds = bounds }

    /// Adds text to every scrape, in Prometheus's format: gauges that are read when somebody asks.
    package func append(_ lines: @escaping @Sendable () async -> String) {
        appended.withLock { $0.append(lines) }
    }

    package func count(_ name: String, _ labels: [(String, String)] = [], by amount: Double = 1) {
        cell(\.counters, name, labels)?.add(amount)
    }

    package func set(_ name: String, _ labels: [(String, String)] = [], to value: Double) {
        cell(\.gauges, name, labels)?.set(value)
    }

    package func adjust(_ name: String, _ labels: [(String, String)] = [], by amount: Double) {
        cell(\.gauges, name, labels)?.add(amount)
    }

    /// Records a duration in seconds, or any other quantity on the scale of its name.
    package func observe(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        cell(\.distributions, name, labels)?.observe(value)
    }

    /// The place of one series; nil where there are too many. Handlers keep it, so that recording costs
    /// neither a text nor a look-up.
    fileprivate func counter(_ name: String, _ labels: [(String, String)]) -> Cell? {
        cell(\.counters, name, labels)
    }
    fileprivate func gauge(_ name: String, _ labels: [(String, String)]) -> Cell? {
        cell(\.gauges, name, labels)
    }
    fileprivate func distribution(_ name: String, _ labels: [(String, String)]) -> Cell? {
        cell(\.distributions, name, labels)
    }

    private func cell(
        _ table: WritableKeyPath<State, [Series: Cell]>, _ name: String, _ labels: [(String, String)]
    ) -> Cell? {
        let series = Series(name: Self.metricName(name), labels: Self.labelText(labels))
        return state.withLock { state in
            if let cell = state[keyPath: table][series] { return cell }
            guard state.count < Self.seriesLimit else { return nil }
            let cell = Cell(bounds: table == \.distributions ? ownBounds[name] ?? Self.bounds : [])
            state[keyPath: table][series] = cell
            return cell
        }
    }

    /// The whole exposition, sorted, so that two scrapes can be compared.
    package func exposition() async -> String {
        let lines = render()
        var text = lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
        for append in appended.withLock({ $0 }) { text += await append() }
        return text
    }

    private func render() -> [String] {
        let state = state.withLock { $0 }
        var lines: [String] = []
        func write(_ table: [Series: Cell], kind: String, _ body: (Series, Cell.Reading) -> [String]) {
            for (name, group) in Dictionary(grouping: table, by: \.key.name).sorted(by: { $0.key < $1.key }) {
                lines.append("# TYPE \(name) \(kind)")
                for (series, cell) in group.sorted(by: { $0.key.labels < $1.key.labels }) {
                    lines += body(series, cell.reading)
                }
            }
        }
        write(state.counters, kind: "counter", Self.valueLine)
        write(state.gauges, kind: "gauge", Self.valueLine)
        write(state.distributions, kind: "histogram", Self.histogramLines)
        return lines
    }

    private static func valueLine(_ series: Series, _ reading: Cell.Reading) -> [String] {
        ["\(series.name)\(braced(series.labels)) \(number(reading.value))"]
    }

    private static func histogramLines(_ series: Series, _ reading: Cell.Reading) -> [String] {
        var lines: [String] = []
        var total = 0
        for (index, count) in reading.counts.enumerated() {
            total += count
            let bound = index < reading.bounds.count ? number(reading.bounds[index]) : "+Inf"
            let labels = series.labels.isEmpty ? "le=\"\(bound)\"" : "\(series.labels),le=\"\(bound)\""
            lines.append("\(series.name)_bucket{\(labels)} \(total)")
        }
        lines.append("\(series.name)_sum\(braced(series.labels)) \(number(reading.value))")
        lines.append("\(series.name)_count\(braced(series.labels)) \(total)")
        return lines
    }

    private static func braced(_ labels: String) -> String {
        labels.isEmpty ? "" : "{\(labels)}"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    private static func metricName(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    }

    private static func labelText(_ labels: [(String, String)]) -> String {
        labels.map { name, value in
            let escaped = value.replacingOccurrences(of: "\\", with: "\\\\")
                .replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "\n", with: "\\n")
            return "\(metricName(name))=\"\(escaped)\""
        }.joined(separator: ",")
    }
}

/// One series: its value, or for a histogram the sum of what was observed and the count of each bucket.
private final class Cell: Sendable {
    struct Reading {
        var value = 0.0
        var counts: [Int] = []
        var bounds: [Double] = []
    }

    private let bounds: [Double]
    private let state: Mutex<(value: Double, counts: [Int])>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex((0, bounds.isEmpty ? [] : [Int](repeating: 0, count: bounds.count + 1)))
    }

    func add(_ amount: Double) { state.withLock { $0.value += amount } }
    func set(_ value: Double) { state.withLock { $0.value = value } }

    func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.value += value
            state.counts[bucket] += 1
        }
    }

    var reading: Reading {
        state.withLock { Reading(value: $0.value, counts: $0.counts, bounds: bounds) }
    }
}

// MARK: - Backend for swift-metrics

extension MetricsRegistry: MetricsFactory {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        RegisteredCounter(cell: counter(label, dimensions))
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
        -> any RecorderHandler
    {
        aggregate
            ? RegisteredDistribution(cell: distribution(label, dimensions))
            : RegisteredGauge(cell: gauge(label, dimensions))
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        RegisteredDistribution(cell: distribution(label, dimensions))
    }

    // The registry keeps the series: a counter that goes back to zero would read as a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}

private final class RegisteredCounter: CounterHandler {
    private let cell: Cell?
    init(cell: Cell?) { self.cell = cell }

    func increment(by amount: Int64) { cell?.add(Double(amount)) }
    func reset() {}
}

private final class RegisteredDistribution: RecorderHandler, TimerHandler {
    private let cell: Cell?
    init(cell: Cell?) { self.cell = cell }

    func record(_ value: Int64) { cell?.observe(Double(value)) }
    func record(_ value: Double) { cell?.observe(value) }
    func recordNanoseconds(_ duration: Int64) { cell?.observe(Double(duration) / 1e9) }
}

private final class RegisteredGauge: RecorderHandler {
    private let cell: Cell?
    init(cell: Cell?) { self.cell = cell }

    func record(_ value: Int64) { cell?.set(Double(value)) }
    func record(_ value: Double) { cell?.set(value) }
}
