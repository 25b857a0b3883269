import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct PlatformTests {
    @Test(arguments: [
        ("linux/amd64", "linux/amd64"), ("Linux/x86_64", "linux/amd64"), ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"), ("linux/arm", "linux/arm/v7"), ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"), ("linux/arm/6", "linux/arm/v6"), ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"), ("linux/i386", "linux/386"),
        ("windows/riscv64", "windows/riscv64"),
    ])
    func parsesAndNormalises(text: String, expected: String) throws {
        #expect(try Platform(parsing: text).description == expected)
    }

    @Test(arguments: [
        "", "linux", "/", "linux/", "/amd64", "a/b/c/d", "linux/am d", "linux/amd64/", "linux/ä",
    ])
    func refuses(text: String) {
        let error = #expect(throws: HermesError.self) { try Platform(parsing: text) }
        #expect(error?.code == .usage)
    }

    /// containerd's platformVector (platforms/compare.go).
    @Test(arguments: [
        ("linux/amd64", ["linux/amd64", "linux/386"]),
        ("linux/amd64/v3", ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"]),
        ("linux/arm/v7", ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm64", ["linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/s390x", ["linux/s390x"]),
    ])
    func candidates(text: String, expected: [String]) throws {
        #expect(try Platform(parsing: text).candidates.map(\.description) == expected)
    }

    @Test func ranks() throws {
        let arm = try Platform(parsing: "linux/arm64/v8")
        #expect(arm.rank(of: Platform(architecture: "arm64", os: "linux", variant: "v8")) == 0)
        #expect(arm.rank(of: Platform(architecture: "aarch64", os: "linux")) == 0)
        #expect(arm.rank(of: Platform(architecture: "arm", os: "linux")) == 2)
        #expect(arm.rank(of: Platform(architecture: "amd64", os: "linux")) == nil)
        #expect(arm.rank(of: Platform(architecture: "arm64", os: "windows")) == nil)
    }
}
