# Built once with everything, run with what is needed and by nobody special. The servers are outside
# (docker-compose.yml), so the embedded database and chDB stay out of the image.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# With the optional ones: the bundler's compiled parts are such.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
WORKDIR /home/node/paceline
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY --from=build /build/bin bin
COPY --from=build /build/dashboards/grafana dashboards/grafana
COPY --from=build /build/package.json /build/LICENSE ./
# The volume takes its owner from here.
RUN mkdir -m 0700 data && chown node:node data
USER node
VOLUME /home/node/paceline/data
EXPOSE 8080 1883
# Not through npm, which would stand between us and SIGTERM.
ENTRYPOINT ["node", "bin/paceline.js"]
CMD ["start"]
