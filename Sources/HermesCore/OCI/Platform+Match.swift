import HermesSupport

extension Platform {
    /// The platform of this machine.
    package static var host: Platform {
        #if arch(x86_64)
            Platform(architecture: "amd64", os: "linux")
        #elseif arch(arm64)
            Platform(architecture: "arm64", os: "linux")
        #else
            #error("add the name that Go has for this processor")
        #endif
    }

    /// Parses "os/arch[/variant]", such as "linux/amd64" or "linux/arm/v7", and normalises it. Throws `usage`.
    package init(parsing text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let valid = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0.isPlatformCharacter }
        }
        guard (2...3).contains(parts.count), valid, text.utf8.count <= 100 else {
            throw HermesError(
                .usage, "\"\(text.printable(100))\" is not a platform",
                advice: "write os/architecture[/variant], such as linux/amd64 or linux/arm/v7")
        }
        let variant = parts.count == 3 ? String(parts[2]) : nil
        self = Platform(architecture: String(parts[1]), os: String(parts[0]), variant: variant).normalized
    }

    /// The same platform in its canonical words, as containerd's `platforms.Normalize` has them: "x86_64" is "amd64",
    /// arm64's "v8" is left out, arm without a variant is "v7".
    package var normalized: Platform {
        var result = self
        result.os = os.lowercased()
        result.architecture = architecture.lowercased()
        var variant = variant?.lowercased() ?? ""
        switch result.architecture {
        case "i386":
            result.architecture = "386"
            variant = ""
        case "x86_64", "x86-64", "amd64":
            result.architecture = "amd64"
            if variant == "v1" { variant = "" }
        case "aarch64", "arm64":
            result.architecture = "arm64"
            if variant == "8" || variant == "v8" { variant = "" }
        case "armhf":
            result.architecture = "arm"
            variant = "v7"
        case "armel":
            result.architecture = "arm"
            variant = "v6"
        case "arm":
            if variant.isEmpty { variant = "v7" }
            if ["5", "6", "7", "8"].contains(variant) { variant = "v" + variant }
        default: break
        }
        result.variant = variant.isEmpty ? nil : variant
        return result
    }

    /// The platforms that this platform can run, best first, as containerd's `platforms.Only` orders them; all
    /// normalised. The image that Hermes mounts has to be the one that containerd would have pulled.
    package var candidates: [Platform] {
        let wanted = normalized
        func with(_ architecture: String, _ variant: String?) -> Platform {
            Platform(architecture: architecture, os: wanted.os, variant: variant).normalized
        }
        var result = [with(wanted.architecture, wanted.variant)]
        switch wanted.architecture {
        case "amd64":
            if let level = wanted.variantNumber, level > 1 {
                result += (1..<level).reversed().map { with("amd64", "v\($0)") }
            }
            result.append(with("386", nil))
        case "arm":
            if let level = wanted.variantNumber, level > 5 {
                result += (5..<level).reversed().map { with("arm", "v\($0)") }
            }
        case "arm64":
            result += with("arm", wanted.variant ?? "v8").candidates
        default: break
        }
        return result
    }

    /// How well an image for `offered` suits this platform: 0 is best, nil is not at all.
    package func rank(of offered: Platform) -> Int? {
        let offered = offered.normalized
        return candidates.firstIndex {
            $0.os == offered.os && $0.architecture == offered.architecture && $0.variant == offered.variant
        }
    }

    /// The N of a variant "vN" from 1 to 9; processors have no more levels, and hostile text cannot ask for more.
    private var variantNumber: Int? {
        guard let variant, variant.utf8.count == 2, variant.first == "v",
            let number = Int(variant.dropFirst())
        else { return nil }
        return number
    }
}

extension Platform: CustomStringConvertible {
    /// "os/arch[/variant]".
    package var description: String {
        "\(os)/\(architecture)" + (variant.map { "/" + $0 } ?? "")
    }
}

extension UInt8 {
    fileprivate var isPlatformCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
