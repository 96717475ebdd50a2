import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Me, type Role, roles } from '../api.ts';
import { userById } from '../queries/users.ts';
import { Problematic } from './problems.ts';
import type { Database } from './query.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The least role that may call this route, or `public`. A route without one does not start. */
    role?: Role | 'public';
    /** On a public route: look who asks all the same, if anyone. */
    knowsWhoAsks?: boolean;
  }
  interface FastifyRequest {
    /** Who asks; null on public routes. */
    me: Me | null;
  }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: { readonly userId: number; readonly fleetId: number };
    user: { readonly userId: number; readonly fleetId: number; readonly exp: number };
  }
}

export const sessionCookie = 'paceline_session';
export const sessionSeconds = 12 * 3600;

/** How long a person's role or removal may take to be felt, seconds. */
const rememberedSeconds = 15;
const rememberedPeople = 1000;

/**
 * Makes every route say who may call it, and keeps everyone else out. The cookie only says who
 * somebody is; what they may do is read from the tables, so a removed person is out in seconds.
 */
export function guardRoutes(app: FastifyInstance, database: Database, now: () => number): void {
  const remembered = new Map<number, { readonly me: Me; readonly at: number }>();

  const whoIs = async (userId: number, fleetId: number): Promise<Me | undefined> => {
    const known = remembered.get(userId);
    if (known && now() - known.at < rememberedSeconds) return known.me;
    remembered.delete(userId);
    const me = await database.withFleet(fleetId, (query) => userById(query, userId));
    if (me) remembered.set(userId, { me, at: now() });
    const oldest = remembered.keys().next();
    if (remembered.size > rememberedPeople && !oldest.done) remembered.delete(oldest.value);
    return me;
  };

  app.decorateRequest('me', null);
  app.addHook('onRoute', (route) => {
    // The documentation describes the API and holds nothing of any fleet; its plugin makes its own routes.
    if (/^\/docs(\/|$)/.test(route.url)) route.config = { ...route.config, role: 'public' };
    if (!route.config?.role)
      throw new Error(`bug: ${route.method} ${route.url} does not say who may call it`);
  });
  app.addHook('onRequest', async (request) => {
    refuseOtherSites(request);
    if (request.is404) return;
    const { role: needed, knowsWhoAsks } = request.routeOptions.config;
    if (needed === 'public' && !knowsWhoAsks) return;
    const claims = await sessionOf(request);
    const finding = claims ? whoIs(claims.userId, claims.fleetId) : Promise.resolve(undefined);
    if (needed === 'public') {
      request.me = (await finding.catch(() => undefined)) ?? null;
      return;
    }
    const me = await finding;
    if (!me) throw new Problematic(401, 'session/missing', 'Log in first.');
    if (needed === undefined || roles.indexOf(me.role) < roles.indexOf(needed)) {
      throw new Problematic(403, 'session/role', `This needs the role ${needed}; yours is ${me.role}.`);
    }
    request.me = me;
  });
}

async function sessionOf(request: FastifyRequest) {
  try {
    return await request.jwtVerify<{ userId: number; fleetId: number; exp: number }>({ onlyCookie: true });
  } catch {
    // No cookie, an old one, a forged one: to whoever asks it is the same.
    return undefined;
  }
}

/**
 * A write, or a socket, that another site's page started is refused: browsers say where a request
 * comes from, and programs that are no browsers say nothing and carry no stolen cookie.
 */
function refuseOtherSites(request: FastifyRequest): void {
  const isSocket = request.headers.upgrade !== undefined;
  if (!isSocket && (request.method === 'GET' || request.method === 'HEAD')) return;
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const isForeignOrigin = origin !== undefined && hostOf(origin) !== host;
  if (isForeignSite || isForeignOrigin) {
    throw new Problematic(403, 'session/other-site', 'This request was started by another site.');
  }
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

/** The person of a request to a guarded route. */
export function whoAsks(request: FastifyRequest): Me {
  if (!request.me) throw new Problematic(401, 'session/missing', 'Log in first.');
  return request.me;
}

export async function beginSession(reply: FastifyReply, me: Me, isSecure: boolean): Promise<void> {
  const token = await reply.jwtSign(
    { userId: me.userId, fleetId: me.fleet.id },
    { sign: { expiresIn: `${sessionSeconds}s` } },
  );
  reply.setCookie(sessionCookie, token, { ...cookieOptions(isSecure), maxAge: sessionSeconds });
}

export function endSession(reply: FastifyReply, isSecure: boolean): void {
  reply.clearCookie(sessionCookie, cookieOptions(isSecure));
}

function cookieOptions(isSecure: boolean) {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure } as const;
}
