import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Compares images with what the kernel's overlayfs shows of their layers.
enum OverlayTool {
    /// Whether overlayfs can be mounted here.
    static let isAvailable = geteuid() == 0 && (try? expected([[LayerArchive.make { $0.file("a") }]])) != nil

    /// What overlayfs shows of each image, one line per path.
    static func expected(_ images: [[[UInt8]]]) throws -> [[String]] {
        try TestTool.withFolder { folder in
            for (number, layers) in images.enumerated() {
                let image = folder + "/" + padded(number)
                guard mkdir(image, 0o755) == 0 else { throw SystemError.last }
                for (layer, archive) in layers.enumerated() {
                    try TestTool.write(archive, to: "\(image)/\(padded(layer)).tar")
                }
            }
            let output = try TestTool.run([
                TestTool.python, Fixture.path("overlay-tree.py"), folder,
            ])
            return output.text.split(separator: "image ").map { part in
                part.split(separator: "\n").dropFirst().map(String.init)
            }
        }
    }

    private static func padded(_ number: Int) -> String { String(String(number + 10_000).dropFirst()) }

    /// Compiles images and compares each with overlayfs; `sharesLower` leaves out which names share an inode, which
    /// overlayfs cannot have over two layers.
    static func compare(_ images: [[[UInt8]]], sharesLower: Bool = false) throws {
        let all = try expected(images)
        #expect(all.count == images.count)
        for (number, (layers, expected)) in zip(images, all).enumerated() {
            let image = try CompiledImage(layers)
            func lines(_ dump: [String]) -> [String] {
                guard sharesLower, layers.count > 1 else { return dump }
                return dump.map { line in
                    var words = line.split(separator: " ")
                    words.remove(at: 7)
                    return words.joined(separator: " ")
                }
            }
            let found = Set(lines(image.dump()))
            let wanted = Set(lines(expected))
            #expect(found.subtracting(wanted).sorted() == [], "image \(number) shows what it should not")
            #expect(wanted.subtracting(found).sorted() == [], "image \(number) lacks what it should show")
            #expect(image.faults() == [], "image \(number)")
        }
    }
}
