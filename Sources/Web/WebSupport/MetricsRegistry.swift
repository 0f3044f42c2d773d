// What Prometheus scrapes. The registry is also a backend for swift-metrics, so whatever the engine
// counts appears beside the web's own figures, and other parts append lines of their own.
// Values are doubles here: they are measurements, never money.

import Foundation
import Metrics
import Synchronization

package final class MetricsRegistry: Sendable {
    /// Upper bounds in seconds.
    static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// Series beyond this are dropped: a label that takes any value would fill the memory.
    static let seriesLimit = 5_000

    private struct Series: Hashable {
        let name: String
        let labels: String
    }

    private struct Distribution {
        var counts = [Int](repeating: 0, count: MetricsRegistry.bounds.count + 1)
        var sum = 0.0
    }

    private struct State {
        var counters: [Series: Double] = [:]
        var gauges: [Series: Double] = [:]
        var distributions: [Series: Distribution] = [:]
        var count: Int { counters.count + gauges.count + distributions.count }
    }

    private let state = Mutex(State())
    private let appended = Mutex<[@Sendable () async -> String]>([])

    package init() {}

    /// Adds text to every scrape, in Prometheus's format: gauges that are read when somebody asks.
    package func append(_ lines: @escaping @Sendable () async -> String) {
        appended.withLock { $0.append(lines) }
    }

    package func count(_ name: String, _ labels: [(String, String)] = [], by amount: Double = 1) {
        change(\.counters, name, labels, from: 0) { $0 += amount }
    }

    package func set(_ name: String, _ labels: [(String, String)] = [], to value: Double) {
        change(\.gauges, name, labels, from: 0) { $0 = value }
    }

    package func adjust(_ name: String, _ labels: [(String, String)] = [], by amount: Double) {
        change(\.gauges, name, labels, from: 0) { $0 += amount }
    }

    /// Records a duration in seconds, or any other quantity on the same scale.
    package func observe(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        change(\.distributions, name, labels, from: Distribution()) { distribution in
            distribution.sum += value
            distribution.counts[Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count] += 1
        }
    }

    private func change<Value>(
        _ table: WritableKeyPath<State, [Series: Value]>, _ name: String, _ labels: [(String, String)],
        from initial: Value, _ change: (inout Value) -> Void
    ) {
        let series = Series(name: Self.metricName(name), labels: Self.labelText(labels))
        state.withLock { state in
            guard state[keyPath: table][series] != nil || state.count < Self.seriesLimit else { return }
            change(&state[keyPath: table][series, default: initial])
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
        func write<Value>(_ table: [Series: Value], kind: String, _ body: (Series, Value) -> [String]) {
            for (name, group) in Dictionary(grouping: table, by: \.key.name).sorted(by: { $0.key < $1.key }) {
                lines.append("# TYPE \(name) \(kind)")
                for (series, value) in group.sorted(by: { $0.key.labels < $1.key.labels }) {
                    lines += body(series, value)
                }
            }
        }
        write(state.counters, kind: "counter") { ["\($0.name)\(Self.braced($0.labels)) \(Self.number($1))"] }
        write(state.gauges, kind: "gauge") { ["\($0.name)\(Self.braced($0.labels)) \(Self.number($1))"] }
        write(state.distributions, kind: "histogram", Self.histogramLines)
        return lines
    }

    private static func histogramLines(_ series: Series, _ value: Distribution) -> [String] {
        var lines: [String] = []
        var total = 0
        for (index, count) in value.counts.enumerated() {
            total += count
            let bound = index < bounds.count ? number(bounds[index]) : "+Inf"
            let labels = series.labels.isEmpty ? "le=\"\(bound)\"" : "\(series.labels),le=\"\(bound)\""
            lines.append("\(series.name)_bucket{\(labels)} \(total)")
        }
        lines.append("\(series.name)_sum\(braced(series.labels)) \(number(value.sum))")
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

// MARK: - Backend for swift-metrics

extension MetricsRegistry: MetricsFactory {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        RegisteredMetric(registry: self, name: label, labels: dimensions)
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
        -> any RecorderHandler
    {
        aggregate
            ? RegisteredMetric(registry: self, name: label, labels: dimensions)
            : RegisteredGauge(registry: self, name: label, labels: dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        RegisteredMetric(registry: self, name: label, labels: dimensions)
    }

    // The registry keeps the series: a counter that goes back to zero would read as a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}

private final class RegisteredMetric: CounterHandler, RecorderHandler, TimerHandler {
    let registry: MetricsRegistry
    let name: String
    let labels: [(String, String)]

    init(registry: MetricsRegistry, name: String, labels: [(String, String)]) {
        self.registry = registry
        self.name = name
        self.labels = labels
    }

    func increment(by amount: Int64) { registry.count(name, labels, by: Double(amount)) }
    func reset() {}
    func record(_ value: Int64) { registry.observe(name, labels, Double(value)) }
    func record(_ value: Double) { registry.observe(name, labels, value) }
    func recordNanoseconds(_ duration: Int64) { registry.observe(name, labels, Double(duration) / 1e9) }
}

private final class RegisteredGauge: RecorderHandler {
    let registry: MetricsRegistry
    let name: String
    let labels: [(String, String)]

    init(registry: MetricsRegistry, name: String, labels: [(String, String)]) {
        self.registry = registry
        self.name = name
        self.labels = labels
    }

    func record(_ value: Int64) { registry.set(name, labels, to: Double(value)) }
    func record(_ value: Double) { registry.set(name, labels, to: value) }
}
