#include "CRE2.h"

#include <re2/re2.h>

#include <cstdio>
#include <memory>
#include <new>

struct hermes_re2 {
    RE2 expression;
    hermes_re2(re2::StringPiece pattern, const RE2::Options &options) : expression(pattern, options) {}
};

hermes_re2 *hermes_re2_compile(const char *pattern, size_t count, size_t memory, char *error, size_t size) {
    try {
        RE2::Options options;
        // RE2 would write to standard error.
        options.set_log_errors(false);
        options.set_max_mem(static_cast<int64_t>(memory));
        auto made = std::make_unique<hermes_re2>(re2::StringPiece(pattern, count), options);
        if (made->expression.ok()) return made.release();
        std::snprintf(error, size, "%s", made->expression.error().c_str());
    } catch (...) {
        std::snprintf(error, size, "out of memory");
    }
    return nullptr;
}

int hermes_re2_matches(const hermes_re2 *expression, const char *text, size_t count) {
    try {
        return RE2::PartialMatch(re2::StringPiece(text, count), expression->expression);
    } catch (...) {
        return 0;
    }
}

void hermes_re2_free(hermes_re2 *expression) { delete expression; }
