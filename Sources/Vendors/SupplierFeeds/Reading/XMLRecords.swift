import Foundation
import FoundationXML

// Whole XML records, read by the SAX parser: a page of them in an element of our own that declares the
// prefixes of the feed, and one by one where it refuses the page. Entities are declared nowhere, so none but
// the five of XML itself can be expanded, and nothing outside is ever asked for.

struct XMLRecords {
    let prefixes: [String: String]

    func read(_ texts: [(record: RawRecord, text: String)], into result: inout ReadRecords) {
        guard !texts.isEmpty else { return }
        let page = parse(texts.map(\.text).joined(separator: "\n"))
        if page.problem == nil, page.records.count == texts.count {
            for (text, node) in zip(texts, page.records) { result.records.append((text.record.row, node)) }
            return
        }
        for (record, text) in texts {
            let alone = parse(text)
            if alone.problem == nil, alone.records.count == 1 {
                result.records.append((record.row, alone.records[0]))
            } else {
                result.refuse(record, alone.problem ?? "it is no XML element")
            }
        }
    }

    private func parse(_ records: String) -> RecordBuilder {
        let declared = prefixes.sorted { $0.key < $1.key }.map { " \($0.key)=\"\($0.value)\"" }.joined()
        let parser = XMLParser(data: Data("<records\(declared)>\(records)</records>".utf8))
        let builder = RecordBuilder()
        parser.delegate = builder
        parser.shouldResolveExternalEntities = false
        if !parser.parse(), builder.problem == nil {
            builder.problem = "it is not well-formed XML"
        }
        return builder
    }
}

/// Builds the trees of the records from what the parser meets.
private final class RecordBuilder: NSObject, XMLParserDelegate {
    /// No product is described more deeply.
    private static let depthLimit = 32

    private(set) var records: [FeedNode] = []
    var problem: String?
    private var open: [FeedNode] = []

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        guard open.count < Self.depthLimit else {
            problem = "its elements are nested more deeply than \(Self.depthLimit)"
            parser.abortParsing()
            return
        }
        let children = attributes.sorted { $0.key < $1.key }.map { FeedNode("@" + $0.key, text: $0.value) }
        open.append(FeedNode(name, children: children))
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        guard !open.isEmpty else { return }
        open[open.count - 1].text += text
    }

    func parser(_ parser: XMLParser, foundCDATA block: Data) {
        guard !open.isEmpty else { return }
        open[open.count - 1].text += String(decoding: block, as: UTF8.self)
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
        guard let node = open.popLast() else { return }
        switch open.count {
        case 0: break
        case 1: records.append(node)
        default: open[open.count - 1].children.append(node)
        }
    }

    func parser(_ parser: XMLParser, parseErrorOccurred error: any Error) {
        if problem == nil { problem = "it is not well-formed XML (\((error as NSError).code))" }
    }
}
