import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import jwt from '@fastify/jwt';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import websocket from '@fastify/websocket';
import fastify from 'fastify';
import type { App, AppDeps } from './deps.ts';
import { answerProblems } from './problems.ts';
import { accountRoutes } from './routes/account.ts';
import { alertRoutes } from './routes/alerts.ts';
import { analyticsRoutes } from './routes/analytics.ts';
import { basemapRoutes } from './routes/basemap.ts';
import { commandRoutes } from './routes/commands.ts';
import { dashboardRoutes } from './routes/dashboards.ts';
import { deviceRoutes } from './routes/devices.ts';
import { doctorRoutes } from './routes/doctor.ts';
import { fenceRoutes } from './routes/fences.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { healthRoutes } from './routes/health.ts';
import { ingestRoutes } from './routes/ingest.ts';
import { liveRoutes } from './routes/live.ts';
import { loadRunRoutes } from './routes/load-runs.ts';
import { paceRoutes } from './routes/pace.ts';
import { pageRoutes } from './routes/page.ts';
import { proposalRoutes } from './routes/proposals.ts';
import { provisioningRoutes } from './routes/provisioning.ts';
import { rescueRoutes } from './routes/rescues.ts';
import { scoreRoutes } from './routes/scores.ts';
import { storageRoutes } from './routes/storage.ts';
import { guardRoutes, sessionCookie } from './session.ts';

/** Requests a minute from one address, when not told otherwise. */
const usualRequestsPerMinute = 1200;

/** The web application, ready to listen or to be injected; it opens nothing itself. */
export async function buildApp(deps: AppDeps): Promise<App> {
  const app: App = fastify({
    bodyLimit: 256 * 1024,
    routerOptions: { maxParamLength: 128 },
    forceCloseConnections: true,
    ...(deps.tls && { https: { cert: deps.tls.cert, key: deps.tls.key } }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  // Handlers are checked against the response schemas by the compiler; at run time, anyOf-null on
  // every field of 10,000 rows would cost more than the query.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  answerProblems(app, deps.log);
  tellFigures(app, deps);

  await registerProtections(app, deps);
  // Before the guard, whose refusal of an upgrade must find the request marked as one.
  await app.register(websocket, {
    options: { maxPayload: 1024, perMessageDeflate: false },
    preClose: (done) => {
      deps.live.closeClients();
      done();
    },
  });
  guardRoutes(app, deps.database, deps.now);
  await registerDocumentation(app);
  await app.register(fastifyStatic, { root: deps.staticDir, serve: false });

  accountRoutes(app, deps);
  loadRunRoutes(app, deps);
  fleetRoutes(app, deps);
  fenceRoutes(app, deps);
  basemapRoutes(app, deps);
  paceRoutes(app, deps);
  alertRoutes(app, deps);
  proposalRoutes(app, deps);
  rescueRoutes(app, deps);
  ingestRoutes(app, deps);
  deviceRoutes(app, deps);
  commandRoutes(app, deps);
  provisioningRoutes(app, deps);
  doctorRoutes(app, deps);
  storageRoutes(app, deps);
  analyticsRoutes(app, deps);
  scoreRoutes(app, deps);
  dashboardRoutes(app, deps);
  healthRoutes(app, deps);
  liveRoutes(app, deps);
  pageRoutes(app, deps);
  return app;
}

/** How long answers take, by route (a pattern, so that there are few), and how many fail for our own fault. */
function tellFigures(app: App, { metrics, live }: AppDeps): void {
  if (metrics === undefined) return;
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.observe('paceline_http_request_seconds', reply.elapsedTime / 1000, route);
    if (reply.statusCode >= 500) metrics.count('paceline_http_errors_total', 1, route);
    metrics.set('paceline_live_pages', live.facts().clients);
  });
}

async function registerProtections(
  app: App,
  { jwtSecret, isSecure, requestsPerMinute }: AppDeps,
): Promise<void> {
  await app.register(helmet, {
    // MapLibre draws in a worker (served by us, or a blob) and makes images of its own.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        workerSrc: ["'self'", 'blob:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", (request) => socketOrigin(request.headers.host)],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    hsts: isSecure,
  });
  await app.register(rateLimit, {
    max: requestsPerMinute ?? usualRequestsPerMinute,
    timeWindow: 60_000,
    cache: 10_000,
    errorResponseBuilder: (_request, { after }) =>
      Object.assign(new Error(`Too many requests; try again in ${after}.`), { statusCode: 429 }),
  });
  await app.register(cookie);
  await app.register(jwt, {
    secret: jwtSecret,
    cookie: { cookieName: sessionCookie, signed: false },
    sign: { algorithm: 'HS256' },
    verify: { algorithms: ['HS256'] },
  });
}

/** Older browsers do not count a socket to the same host as 'self'. */
function socketOrigin(host: string | undefined): string {
  return host !== undefined && /^[\w.:[\]-]+$/.test(host) ? `ws://${host} wss://${host}` : "'self'";
}

async function registerDocumentation(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Paceline',
        version: '0.1.0',
        description:
          'Instants are seconds since the epoch, lengths metres, speeds m/s. Log in with POST /api/login; ' +
          'the session is a cookie. Each operation names the least role that may call it (x-role).',
      },
    },
    transform: ({ schema, url, route }) => ({
      schema: { ...schema, hide: !url.startsWith('/api/'), 'x-role': route.config?.role } as typeof schema,
      url,
    }),
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
}
