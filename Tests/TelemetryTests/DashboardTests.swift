import Foundation
import Telemetry
import Testing

@testable import Fleet

@Suite("Dashboard and alerts")
struct DashboardTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    /// What the web counts is named where it is counted.
    private func namesOfTheWeb() throws -> Set<String> {
        var names: Set<String> = []
        let web = Self.root.appending(path: "Sources/Web")
        for case let file as URL in FileManager.default.enumerator(at: web, includingPropertiesForKeys: nil)!
        where file.pathExtension == "swift" {
            let source = try String(contentsOf: file, encoding: .utf8)
            names.formUnion(source.matches(of: /"(cartflux_[a-z_]+)"/).map { String($0.1) })
        }
        return names
    }

    private func known() throws -> Set<String> {
        Set(EngineMetric.allCases.map(\.rawValue)).union(TelemetryMetric.allCases.map(\.rawValue))
            .union(try namesOfTheWeb())
    }

    /// Every series that an expression asks for; a histogram is asked for by its parts.
    private func metrics(in text: String) -> Set<String> {
        Set(
            text.matches(of: /\b(?:engine|cartflux|telemetry)_[a-z_]+/).map {
                String($0.0).replacing(/_(bucket|sum|count)$/, with: "")
            })
    }

    @Test("every metric that the dashboard asks for exists, and every metric of the engine is shown")
    func dashboard() throws {
        let document = try text("ops/grafana/cartflux.json")
        let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(document.utf8))
        let asked = metrics(
            in: dashboard.panels.flatMap { $0.targets ?? [] }.map(\.expr).joined(separator: "\n"))

        #expect(asked.subtracting(try known()).sorted() == [])
        #expect(Set(EngineMetric.allCases.map(\.rawValue)).subtracting(asked).sorted() == [])
        #expect(metrics(in: document).subtracting(try known()).sorted() == [])
    }

    @Test("the dashboard's panels are whole: an id and a place each, queries, and none upon another")
    func panels() throws {
        let dashboard = try JSONDecoder().decode(
            Dashboard.self, from: Data(try text("ops/grafana/cartflux.json").utf8))

        #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count)
        for panel in dashboard.panels {
            #expect(panel.gridPos.x + panel.gridPos.w <= 24, "\(panel.title)")
            if panel.type != "row" { #expect(panel.targets?.isEmpty == false, "\(panel.title)") }
            for target in panel.targets ?? [] {
                #expect(target.expr.count { $0 == "(" } == target.expr.count { $0 == ")" }, "\(target.expr)")
                #expect(target.expr.count { $0 == "{" } == target.expr.count { $0 == "}" }, "\(target.expr)")
            }
            for other in dashboard.panels where other.id > panel.id {
                #expect(!panel.gridPos.overlaps(other.gridPos), "\(panel.title) and \(other.title)")
            }
        }
    }

    @Test("every alert asks for metrics that exist and names a runbook that exists")
    func alerts() throws {
        let rules = try text("ops/alerts/cartflux.rules.yml")
        let names = rules.matches(of: /- alert: (\w+)/).map { String($0.1) }
        let expressions = rules.matches(of: /\n +expr: ([^\n]+(?:\n {10}[^\n]+)*)/).map { String($0.1) }
        let runbooks = rules.matches(of: /\n +runbook: (\S+)/).map { String($0.1) }

        #expect(names.count >= 12)
        #expect(Set(names).count == names.count)
        #expect(expressions.count == names.count)
        #expect(runbooks.count == names.count)
        #expect(metrics(in: expressions.joined(separator: "\n")).subtracting(try known()).sorted() == [])
        for runbook in Set(runbooks) {
            #expect(runbook.hasPrefix("ops/runbooks/"))
            #expect(
                FileManager.default.fileExists(atPath: Self.root.appending(path: runbook).path), "\(runbook)")
        }
    }

    @Test("names say their unit, and counters that they count")
    func names() {
        for metric in EngineMetric.allCases {
            let name = metric.rawValue
            #expect(name.hasPrefix("engine_"))
            if metric.bounds != nil {
                #expect(name.hasSuffix("_seconds") || name.hasSuffix("_entries"))
                #expect(metric.bounds == metric.bounds?.sorted())
            }
        }
    }
}

private struct Dashboard: Decodable {
    let panels: [Panel]

    struct Panel: Decodable {
        let id: Int
        let type: String
        let title: String
        let gridPos: Place
        let targets: [Target]?
    }
    struct Target: Decodable { let expr: String }
    struct Place: Decodable {
        let x: Int, y: Int, w: Int, h: Int

        func overlaps(_ other: Place) -> Bool {
            x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h
        }
    }
}
