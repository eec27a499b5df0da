# The image runs the sources as they are: Node strips the types, there is no build step.
FROM node:26-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages bring a Node of their own, which this image has already.
RUN npm ci --omit=dev --omit=optional

FROM node:26-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY config/docker.yaml /etc/yatagarasu/config.yaml
USER node
EXPOSE 8080 9090
# The metrics listener answers without a token and without touching the origin.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/health').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# SIGTERM drains: see server.shutdown_timeout_seconds.
CMD ["node", "src/main.ts", "serve", "--config", "/etc/yatagarasu/config.yaml"]
