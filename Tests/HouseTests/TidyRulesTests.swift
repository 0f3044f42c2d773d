import Testing

@Suite("The rules on sizes, names, tasks and layout can fail")
struct TidyRulesTests {
    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: path, text: text) }

    private func line(_ findings: [Finding]) -> [Int] { findings.map(\.line) }

    @Test("a file of 501 lines is found, one of 500 is not")
    func fileSize() {
        #expect(SizeRules.fileIsShort(file("Sources/A.swift", String(repeating: "\n", count: 500))).isEmpty)
        #expect(
            line(SizeRules.fileIsShort(file("Sources/A.swift", String(repeating: "\n", count: 501)))) == [501]
        )
    }

    @Test("a line of 111 columns is found, one of 110 is not, whatever it weighs in bytes")
    func lineLength() {
        let text = String(repeating: "é", count: 110) + "\n" + String(repeating: "e", count: 111)

        #expect(line(SizeRules.linesAreShort(file("Sources/A.swift", text))) == [2])
    }

    @Test("a function of 71 lines is found, one of 70 is not, and braces in texts do not count")
    func functionSize() {
        let long = "func long() {\n" + String(repeating: "    a(\"}\")\n", count: 69) + "}\n"
        let short = "func short() {\n" + String(repeating: "    a(\"}\")\n", count: 68) + "}\n"

        #expect(
            SizeRules.functionsAreShort(file("Sources/A.swift", short + long)).map(\.description) == [
                "Sources/A.swift:71: long has 71 lines, the limit is 70"
            ])
    }

    @Test("functions are measured from declaration to last brace")
    func functions() {
        let text = """
            protocol Door {
                func open(_ key: Key)
                init(key: Key)
                func close() throws
            }
            struct House {
                init(
                    key: Key, ring: @Sendable () -> Void = { bell() }
                ) {
                    self.init(key)
                }
                func enter<T>(_ body: () throws -> T) rethrows -> T where T: Guest { try body() }
            }
            """

        #expect(
            SizeRules.functions(in: file("Sources/A.swift", text)) == [
                SizeRules.Function(name: "init", start: 6, length: 5),
                SizeRules.Function(name: "enter", start: 11, length: 1),
            ])
    }

    @Test(
        "names that say nothing are found in files and types",
        arguments: [
            "StringUtils", "OrderManager", "BaseClient", "JournalImpl", "NewOrder", "OrderV2", "CommonTypes",
        ])
    func emptyNames(name: String) {
        #expect(NameRules.fileSaysWhatItHolds(file("Sources/\(name).swift", "")).count == 1)
        #expect(NameRules.fileSaysWhatItHolds(file("Sources/Order+\(name).swift", "")).count == 1)
        #expect(
            line(NameRules.typesSayWhatTheyAre(file("Sources/A.swift", "\nfinal class \(name) {}"))) == [2])
    }

    @Test(
        "names that only contain such a word are fine",
        arguments: ["Database", "Newsletter", "Baseline", "Gold"])
    func fullNames(name: String) {
        #expect(NameRules.fileSaysWhatItHolds(file("Sources/\(name).swift", "")).isEmpty)
        #expect(NameRules.typesSayWhatTheyAre(file("Sources/A.swift", "struct \(name): Base {}")).isEmpty)
    }

    @Test("work left for later is found, in code of any kind")
    func leftovers() {
        let mark = "TO" + "DO"
        #expect(line(NameRules.nothingIsLeftForLater(file("ops/test", "set -e\n# \(mark): more"))) == [2])
        #expect(NameRules.nothingIsLeftForLater(file("Sources/A.swift", "let \(mark)S = 1")).isEmpty)
    }

    @Test("unchecked concurrency outside the drivers, or without its proof, is found")
    func unchecked() {
        let bare = "import A\n\nfinal class Box: @unchecked Sendable {}"
        let proven = "// Only its thread touches it.\nfinal class Box: @unchecked Sendable {}"
        let driver = "Sources/Drivers/Redis/Box.swift"

        #expect(line(ConcurrencyRules.uncheckedStaysInDrivers(file(driver, bare))) == [3])
        #expect(ConcurrencyRules.uncheckedStaysInDrivers(file(driver, proven)).isEmpty)
        #expect(
            ConcurrencyRules.uncheckedStaysInDrivers(file("Sources/Web/Gateway/A.swift", proven)).count == 1)
    }

    @Test(
        "a task without an owner is found",
        arguments: [
            "Task { await run() }", "let t = Task<Int, Never> { 1 }", "Task.detached { run() }",
            "Task(priority: .low) { run() }",
        ])
    func tasks(text: String) {
        #expect(line(ConcurrencyRules.tasksAreOwned(file("Sources/A.swift", "let a = 1\n\n\(text)"))) == [3])
        #expect(
            ConcurrencyRules.tasksAreOwned(file("Sources/A.swift", "// Awaited by stop().\n\(text)")).isEmpty)
    }

    @Test(
        "what only looks like a task is fine",
        arguments: [
            "var beat: Task<Void, Never>?", "try await Task.sleep(for: pause)", "group.addTask { 1 }",
            "if Task.isCancelled { return }", "struct SubTask {}",
        ])
    func noTasks(text: String) {
        #expect(ConcurrencyRules.tasksAreOwned(file("Sources/A.swift", text)).isEmpty)
    }

    @Test("migrations with a gap, a twin, a wrong name or no reason are found")
    func migrations() {
        func check(_ names: String..., text: String = "-- why") -> Int {
            LayoutRules.migrationsAreNumbered(names.map { file("Migrations/Engine/sql/\($0)", text) }).count
        }

        #expect(check("0001_run.sql", "0002_step.sql") == 0)
        #expect(check("0001_run.sql", "0003_step.sql") == 1)
        #expect(check("0001_run.sql", "0001_step.sql") == 1)
        #expect(check("1_run.sql") == 1)
        #expect(check("0001_run.sql", text: "create table run ();") == 1)
    }

    @Test("what does not belong at the top level is found")
    func topLevel() {
        let found = LayoutRules.topLevelIsTidy([
            "Sources", ".git", ".build-fast", "notes.txt", "Package.swift",
        ])

        #expect(found.map(\.path) == ["notes.txt"])
    }
}
