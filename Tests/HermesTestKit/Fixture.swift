/// Files that lie beside the tests, in the folder Fixtures of their target.
package enum Fixture {
    /// The path of the fixture `name` of the target that the caller's file belongs to.
    package static func path(_ name: String, file: String = #filePath) -> String {
        let parts = file.split(separator: "/")
        let target = (parts.lastIndex(of: "Tests") ?? 0) + 1
        return "/\(parts[...target].joined(separator: "/"))/Fixtures/\(name)"
    }
}
