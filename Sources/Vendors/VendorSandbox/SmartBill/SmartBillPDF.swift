// A page that real PDF readers open. Its text is not compressed, so that a test can look for a number or an
// order reference in the bytes.

/// Writes one page of text lines.
enum SmartBillPDF {
    static func page(_ lines: [String]) -> [UInt8] {
        var content = "BT /F1 11 Tf 15 TL 56 780 Td\n"
        for line in lines { content += "(\(escaped(line))) Tj T*\n" }
        content += "ET"
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
                + "/Resources << /Font << /F1 5 0 R >> >> >>",
            "<< /Length \(content.utf8.count) >>\nstream\n\(content)\nendstream",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
        var file = "%PDF-1.4\n"
        var offsets: [Int] = []
        for (position, object) in objects.enumerated() {
            offsets.append(file.utf8.count)
            file += "\(position + 1) 0 obj\n\(object)\nendobj\n"
        }
        let table = file.utf8.count
        file += "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
        for offset in offsets {
            let digits = String(offset)
            file += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
        }
        file += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R >>\nstartxref\n\(table)\n%%EOF\n"
        return Array(file.utf8)
    }

    /// The built-in font knows no Romanian letters: they lose their marks, anything else becomes a question
    /// mark.
    private static func escaped(_ line: String) -> String {
        let marks: [Character: Character] = [
            "ă": "a", "â": "a", "î": "i", "ș": "s", "ş": "s", "ț": "t", "ţ": "t", "Ă": "A", "Â": "A",
            "Î": "I",
            "Ș": "S", "Ş": "S", "Ț": "T", "Ţ": "T",
        ]
        var output = ""
        for character in line {
            switch marks[character] ?? character {
            case "(", ")", "\\": output += "\\\(character)"
            case let plain where plain.isASCII && !plain.isNewline: output.append(plain)
            default: output.append("?")
            }
        }
        return output
    }
}
