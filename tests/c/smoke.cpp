// The header from C++17, as a C++ program would use it: spans that end with their scope.
#include <polyspan.h>

#include "check.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

polyspan_bytes bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

void require(std::int32_t status, const polyspan_error &err) {
    if (status != POLYSPAN_OK) throw std::runtime_error(reinterpret_cast<const char *>(err.text));
}

class Span {
public:
    Span(std::uint64_t tracer, std::string_view name, const Span *parent = nullptr) {
        auto err = POLYSPAN_INIT(polyspan_error);
        require(polyspan_span_start(tracer, bytes(name), POLYSPAN_KIND_INTERNAL,
                                    parent == nullptr ? 0 : parent->handle_, nullptr,
                                    polyspan_text(nullptr), 0, &handle_, &err),
                err);
    }
    Span(const Span &) = delete;
    Span &operator=(const Span &) = delete;
    ~Span() { polyspan_span_end(handle_, 0); }

    void set(std::string_view key, std::string_view value) {
        polyspan_span_set_string(handle_, bytes(key), bytes(value));
    }

    polyspan_context context() const {
        auto context = POLYSPAN_INIT(polyspan_context);
        polyspan_span_context(handle_, &context);
        return context;
    }

private:
    std::uint64_t handle_ = 0;
};

std::uint64_t provider, tracer;

void a_macro_sets_the_size_and_clears_the_rest() {
    const auto stats = POLYSPAN_INIT(polyspan_stats);
    CHECK(stats.size == sizeof(polyspan_stats) && stats.started == 0 && stats.generation == 0);
}

void spans_end_with_their_scope() {
    {
        const Span root(tracer, "root");
        Span child(tracer, "child", &root);
        child.set("language", "C++17");
        const auto context = root.context();
        std::printf("trace ");
        for (const auto byte : context.trace_id) std::printf("%02x", byte);
        std::printf("\n");
    }
    auto stats = POLYSPAN_INIT(polyspan_stats);
    STATUS(POLYSPAN_OK, polyspan_provider_stats(provider, &stats));
    CHECK(stats.started == 2 && stats.ended == 2 && stats.live == 0);
}

void an_exception_of_the_host_passes_and_ends_its_spans() {
    try {
        const Span span(tracer, "interrupted");
        throw std::runtime_error("host");
    } catch (const std::runtime_error &) {
    }
    auto stats = POLYSPAN_INIT(polyspan_stats);
    STATUS(POLYSPAN_OK, polyspan_provider_stats(provider, &stats));
    CHECK(stats.ended == 3 && stats.live == 0);
}

void text_of_any_length_is_read_in_two_calls() {
    polyspan_buffer buffer{nullptr, 0, 0};
    STATUS(POLYSPAN_E_BUFFER, polyspan_provider_describe(provider, &buffer));
    std::vector<std::uint8_t> memory(buffer.len);
    buffer.data = memory.data();
    buffer.capacity = memory.size();
    STATUS(POLYSPAN_OK, polyspan_provider_describe(provider, &buffer));
    CHECK(buffer.len == memory.size());
}

void the_backend_takes_all() {
    auto err = POLYSPAN_INIT(polyspan_error);
    STATUS(POLYSPAN_OK, polyspan_provider_shutdown(provider, 5000, &err));
    auto stats = POLYSPAN_INIT(polyspan_stats);
    STATUS(POLYSPAN_OK, polyspan_provider_stats(provider, &stats));
    CHECK(stats.delivered == 3);
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    auto err = POLYSPAN_INIT(polyspan_error);
    std::uint64_t config = 0;
    require(polyspan_config_new(&config, &err), err);
    require(polyspan_config_set(config, polyspan_text("service_name"), polyspan_text("smoke-cpp"), &err), err);
    require(polyspan_config_set(config, polyspan_text("endpoint"), polyspan_text(argv[1]), &err), err);
    require(polyspan_provider_new(config, 0, &provider, &err), err);
    require(polyspan_tracer_new(provider, polyspan_text("tests/c++"), polyspan_text(nullptr),
                                polyspan_text(nullptr), &tracer, nullptr, &err),
            err);
    RUN(a_macro_sets_the_size_and_clears_the_rest);
    RUN(spans_end_with_their_scope);
    RUN(an_exception_of_the_host_passes_and_ends_its_spans);
    RUN(text_of_any_length_is_read_in_two_calls);
    RUN(the_backend_takes_all);
    return report_tests();
}
