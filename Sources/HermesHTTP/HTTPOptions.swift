import CCurl
import HermesSupport

/// Sets the options of one easy handle. On the thread of the transfer's loop, as are libcurl's callbacks that it names.
struct HTTPOptions {
    private let easy: UnsafeMutableRawPointer

    init(_ easy: UnsafeMutableRawPointer) { self.easy = easy }

    /// Sets everything a transfer needs. `context` is the `HTTPTransfer`; it, the header list and `errorText` outlive the
    /// handle. Throws `system` when libcurl refuses one.
    func set(
        _ request: HTTPRequest, url: HTTPURL, headers: UnsafeMutablePointer<curl_slist>?, upload: HTTPUpload?,
        authorities: String?, proxy: HTTPProxy?, errorText: UnsafeMutablePointer<CChar>,
        context: UnsafeMutableRawPointer
    ) throws {
        // libcurl copies the strings.
        try string(CURLOPT_URL, url.text)
        try string(CURLOPT_PROTOCOLS_STR, "http,https")
        try string(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        try number(CURLOPT_FOLLOWLOCATION, 0)
        try number(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
        try number(CURLOPT_NOSIGNAL, 1)
        try check(hermes_curl_set_private_sockets(easy))
        // Without it, taking off a handle that still looks a name up waits for the thread that asks the name server, and
        // the loop with it. With it that thread is left to end by itself (CURLOPT_QUICK_EXIT(3), libcurl 7.87).
        try number(CURLOPT_QUICK_EXIT, 1)
        try number(CURLOPT_CONNECTTIMEOUT, 10)
        if let limit = request.stallLimit {
            try number(CURLOPT_LOW_SPEED_LIMIT, 1024)
            try number(CURLOPT_LOW_SPEED_TIME, limit)
        }
        if request.isOnNewConnection { try number(CURLOPT_FRESH_CONNECT, 1) }
        if let limit = request.timeLimit { try number(CURLOPT_TIMEOUT, limit) }
        try number(CURLOPT_TCP_KEEPALIVE, 1)
        try number(CURLOPT_BUFFERSIZE, 256 << 10)
        try number(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // The option is also set without a proxy: libcurl must not look into the environment by its own rules.
        try string(CURLOPT_PROXY, proxy?.server ?? "")
        if let user = proxy?.user { try string(CURLOPT_PROXYUSERNAME, user) }
        if let password = proxy?.password { try string(CURLOPT_PROXYPASSWORD, password) }
        try string(CURLOPT_NOPROXY, "")
        if let authorities { try string(CURLOPT_CAINFO, authorities) }
        if let settings = request.settings { try apply(settings) }

        switch request.method {
        case "GET": try number(CURLOPT_HTTPGET, 1)
        case "HEAD": try number(CURLOPT_NOBODY, 1)
        default:
            if let upload {
                try number(CURLOPT_UPLOAD, 1)
                try check(hermes_curl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, Int(upload.size)))
            } else {
                try number(CURLOPT_POST, 1)
                try string(CURLOPT_COPYPOSTFIELDS, "")
            }
            try string(CURLOPT_CUSTOMREQUEST, request.method)
        }

        try check(hermes_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headers))
        try check(hermes_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        try callbacks(context)
    }

    private func apply(_ settings: HTTPConnectionSettings) throws {
        if let pem = settings.authorities { try blob(CURLOPT_CAINFO_BLOB, pem) }
        switch settings.client {
        case .files(let certificate, let key):
            try string(CURLOPT_SSLCERT, certificate)
            if let key { try string(CURLOPT_SSLKEY, key) }
        case .pem(let certificate, let key):
            try blob(CURLOPT_SSLCERT_BLOB, certificate)
            try blob(CURLOPT_SSLKEY_BLOB, key)
        case nil: break
        }
        if !settings.verifies {
            try number(CURLOPT_SSL_VERIFYPEER, 0)
            try number(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let limit = settings.connectTimeout { try number(CURLOPT_CONNECTTIMEOUT_MS, max(limit, 1)) }
    }

    private func callbacks(_ context: UnsafeMutableRawPointer) throws {
        try check(hermes_curl_set_pointer(easy, CURLOPT_HEADERDATA, context))
        try check(
            hermes_curl_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                guard let transfer = HTTPOptions.transfer(context) else { return 0 }
                // libcurl's size is always 1, and the bytes are valid during the call.
                let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
                return transfer.receiveHeader(line) ? line.count : 0
            })
        try check(hermes_curl_set_pointer(easy, CURLOPT_WRITEDATA, context))
        try check(
            hermes_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                guard let transfer = HTTPOptions.transfer(context) else { return 0 }
                let body = UnsafeRawBufferPointer(start: bytes, count: size * count)
                switch transfer.receiveBody(body) {
                case .taken: return body.count
                case .full: return Int(CURL_WRITEFUNC_PAUSE)
                case .stop: return Int(CURL_WRITEFUNC_ERROR)
                }
            })
        try check(hermes_curl_set_pointer(easy, CURLOPT_READDATA, context))
        try check(
            hermes_curl_set_data_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
                guard let upload = HTTPOptions.transfer(context)?.upload else { return 0 }
                let room = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
                return upload.read(into: room) ?? Int(CURL_READFUNC_ABORT)
            })
        try check(hermes_curl_set_pointer(easy, CURLOPT_SEEKDATA, context))
        try check(
            hermes_curl_set_seek_callback(easy) { context, offset, origin in
                guard origin == SEEK_SET, let upload = HTTPOptions.transfer(context)?.upload else {
                    return CURL_SEEKFUNC_CANTSEEK
                }
                upload.rewind(to: Int64(offset))
                return CURL_SEEKFUNC_OK
            })
    }

    /// The transfer behind a callback's context; alive, because the loop holds it while the handle exists.
    private static func transfer(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer? {
        guard let context else { return nil }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        transfer.owner?.assertOwned()
        return transfer
    }

    private func string(_ option: CURLoption, _ value: String) throws {
        try check(value.withCString { hermes_curl_set_pointer(easy, option, $0) })
    }

    /// libcurl copies the bytes.
    private func blob(_ option: CURLoption, _ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try check(hermes_curl_set_blob(easy, option, $0.baseAddress, $0.count)) }
    }

    private func number(_ option: CURLoption, _ value: Int) throws {
        try check(hermes_curl_set_long(easy, option, value))
    }

    private func check(_ code: CURLcode) throws {
        guard code == CURLE_OK else {
            throw HermesError(.system, "libcurl: \(String(cString: curl_easy_strerror(code)))")
        }
    }
}
