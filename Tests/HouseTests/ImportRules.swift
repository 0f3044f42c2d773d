/// Which layer may import which. The house of the README, as a table that a test reads.
struct ImportRules {
    /// Our modules, each with the room it stands in. Found from the folders, so a new target needs no entry.
    let rooms: [String: Room]

    /// In the order of the house: a room imports from those before it, and from itself.
    enum Room: Int, Comparable {
        case drivers, engine, commerce, vendors, workflows, web, program

        static func < (one: Room, other: Room) -> Bool { one.rawValue < other.rawValue }
    }

    init(_ files: [SourceFile]) {
        rooms = Dictionary(
            files.compactMap { file in Self.module(of: file).map { ($0.name, $0.room) } },
            uniquingKeysWith: { $1 })
    }

    static func module(of file: SourceFile) -> (name: String, room: Room)? {
        let folders = file.folders
        switch (folders.first, folders.dropFirst().first, folders.dropFirst(2).first) {
        case ("Workflows", _, _): return ("Workflows", .workflows)
        case ("Migrations", "Engine", _): return ("EngineMigrations", .engine)
        case ("Migrations", "Commerce", _): return ("CommerceMigrations", .commerce)
        case ("Sources", "Drivers", let name?): return (name, .drivers)
        case ("Sources", "Engine", let name?): return (name, .engine)
        case ("Sources", "Commerce", let name?): return (name, .commerce)
        case ("Sources", "Vendors", let name?): return (name, .vendors)
        case ("Sources", "Web", let name?): return (name, .web)
        case ("Sources", let name?, _): return (name, .program)
        default: return nil
        }
    }

    /// The modules that a file imports, each with the index of its line.
    static func imports(of file: SourceFile) -> [(index: Int, module: String)] {
        file.code.enumerated().compactMap { index, line in
            let words = line.words
            guard let keyword = words.firstIndex(of: "import"), keyword < words.count - 1 else { return nil }
            let before = Set(words[..<keyword].map(String.init))
            guard before.isSubset(of: importPrefixes) else { return nil }
            let after = words[(keyword + 1)...].first { !importKinds.contains(String($0)) }
            return after.map { (index, String($0)) }
        }
    }

    private static let importPrefixes: Set<String> = [
        "internal", "public", "package", "private", "fileprivate", "testable", "preconcurrency", "_exported",
        "_spi",
        "_implementationOnly",
    ]
    private static let importKinds: Set<String> = [
        "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor",
    ]

    // Rules ------------------------------------------------------------------------------------------------

    /// The modules that hold rules and no effects import nothing of ours.
    func standsAlone(_ file: SourceFile) -> [Finding] {
        guard let here = Self.module(of: file), ["Durable", "Commerce"].contains(here.name) else { return [] }
        return Self.imports(of: file).filter { rooms[$0.module] != nil && $0.module != here.name }.map {
            file.finding($0.index, "\(here.name) imports nothing of ours, but imports \($0.module)")
        }
    }

    func pointsDown(_ file: SourceFile) -> [Finding] {
        guard let here = Self.module(of: file) else { return [] }
        return Self.imports(of: file).compactMap { index, module in
            guard let room = rooms[module], room > here.room else { return nil }
            return file.finding(
                index, "\(here.name) (\(here.room)) imports \(module) (\(room)), which stands above it")
        }
    }

    /// The engine is for any server: neither it nor the drivers know the shop.
    func knowsNoCommerce(_ file: SourceFile) -> [Finding] {
        guard let here = Self.module(of: file), here.room <= .engine else { return [] }
        return Self.imports(of: file).compactMap { index, module in
            guard let room = rooms[module], room >= .commerce else { return nil }
            return file.finding(index, "\(here.name) belongs to every server and may not know \(module)")
        }
    }

    func facesAreApart(_ file: SourceFile) -> [Finding] {
        guard let here = Self.module(of: file), here.room == .web else { return [] }
        return Self.imports(of: file).compactMap { index, module in
            guard rooms[module] == .web, module != here.name, module != "WebSupport" else { return nil }
            return file.finding(index, "web faces never import each other: \(here.name) imports \(module)")
        }
    }

    /// `module` may be imported where `isAllowed` says so, and nowhere else.
    static func only(
        _ isAllowed: (SourceFile, _ module: String) -> Bool, import isModule: (String) -> Bool,
        in file: SourceFile,
        because reason: String
    ) -> [Finding] {
        guard let here = module(of: file), !isAllowed(file, here.name) else { return [] }
        return imports(of: file).filter { isModule($0.module) }.map {
            file.finding($0.index, "\(here.name) imports \($0.module): \(reason)")
        }
    }

    static func libpq(_ file: SourceFile) -> [Finding] {
        only({ $1 == "Postgres" }, import: { $0 == "CLibpq" }, in: file, because: "only Postgres may")
    }

    static func redisLibraries(_ file: SourceFile) -> [Finding] {
        only(
            { $1 == "Redis" }, import: { ["CHiredis", "COpenSSL"].contains($0) }, in: file,
            because: "only Redis may")
    }

    /// The sandbox sends webhooks as Stripe and Resend do, and tests call it: for these two it is a client.
    static func httpClient(_ file: SourceFile) -> [Finding] {
        only(
            { $1 == "VendorHTTP" || ($1 == "VendorSandbox" && isSandboxClient($0)) },
            import: { $0 == "AsyncHTTPClient" }, in: file,
            because: "only VendorHTTP may, and in VendorSandbox what sends webhooks")
    }

    private static func isSandboxClient(_ file: SourceFile) -> Bool {
        file.name == "SandboxCaller.swift" || file.name.hasPrefix("Webhook")
    }

    static func hummingbird(_ file: SourceFile) -> [Finding] {
        only(
            { module(of: $0)?.room == .web || $1 == "VendorSandbox" },
            import: { $0.hasPrefix("Hummingbird") }, in: file,
            because: "only Sources/Web and VendorSandbox may")
    }
}
