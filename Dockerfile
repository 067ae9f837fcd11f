# An image that runs `kindling`, for Kubernetes or any other engine: docker build -t kindling .
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY benches benches
COPY experiments experiments
RUN cargo build --locked --bin kindling && strip target/debug/kindling

FROM debian:bookworm-slim
COPY --from=build /build/target/debug/kindling /usr/local/bin/kindling
# A number, so that Kubernetes can tell that it is not root's.
USER 10001:10001
WORKDIR /kindling
ENV KINDLING_DATA_DIR=/kindling/data KINDLING_CACHE_DIR=/kindling/cache
ENTRYPOINT ["kindling"]
