# One image for worker and gateway; the command tells which. Debian, never Alpine: Temporal's native part needs glibc.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/client/package.json packages/client/
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build
# The workflow bundle is made once, here, not by every worker that starts.
RUN node dist/worker/bundle.js dist/workflow-bundle.js
RUN npm prune --omit=dev

FROM node:24-bookworm-slim
# Temporal's native part verifies TLS with the system's certificates, which the slim image lacks.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install --directory --owner=node --group=node /data
WORKDIR /app
ENV NODE_ENV=production WAYMARK_DATA_DIR=/data WAYMARK_WORKFLOW_BUNDLE=/app/dist/workflow-bundle.js
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
EXPOSE 4000
CMD ["node", "dist/worker.js"]
