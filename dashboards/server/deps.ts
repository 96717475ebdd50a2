import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Doctor } from '../../schemas/doctor.ts';
import type { Eraser } from '../../schemas/eraser.ts';
import type { FenceDesk } from '../../schemas/fence-desk.ts';
import type { Metrics } from '../../schemas/metrics.ts';
import type { Log } from '../../schemas/program.ts';
import type { RouteDays } from '../queries/route-days.ts';
import type { LiveHub } from './live/hub.ts';
import type { Database } from './query.ts';

/** The app with its request types taken from the schemas of each route. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the app needs from outside. */
export type AppDeps = {
  readonly database: Database;
  readonly live: LiveHub;
  /** The analysts' store; undefined when this installation has none. */
  readonly routeDays: RouteDays | undefined;
  /** Who knows formats; undefined: nobody here does. */
  readonly doctor?: Doctor | undefined;
  /** Who may delete; undefined: nobody here. */
  readonly eraser?: Eraser | undefined;
  /** Who reads fences from files; undefined: nobody here does. */
  readonly fences?: FenceDesk | undefined;
  /** ≥ 256 bits; whoever knows it can be anyone. */
  readonly jwtSecret: string;
  /** Requests of one address; a page with everything open asks about 100 a minute. Default 1200. */
  readonly requestsPerMinute?: number | undefined;
  /** Then it serves https; PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Whether people reach the page by https, so that the cookie must not travel otherwise. */
  readonly isSecure: boolean;
  readonly basemapFile: string | undefined;
  /** Where the built page is. */
  readonly staticDir: string;
  /** Where the Grafana JSON files are. */
  readonly dashboardsDir: URL;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  readonly now: () => number;
};
