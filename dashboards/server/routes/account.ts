import Type from 'typebox';
import { Login, Me } from '../../api.ts';
import { writeAudit } from '../../queries/audit.ts';
import { accountByEmail, userById } from '../../queries/users.ts';
import type { App, AppDeps } from '../deps.ts';
import { passwordMatches } from '../password.ts';
import { Problematic } from '../problems.ts';
import { beginSession, endSession, whoAsks } from '../session.ts';

/** Tries in the window from one address, and wrong ones for one account: a person mistypes, a program guesses. */
const triesPerAddress = 60;
const triesPerAccount = 10;
const tryWindow = 10 * 60_000;

export function accountRoutes(app: App, { database, isSecure }: AppDeps): void {
  const countAccount = app.createRateLimit({
    max: triesPerAccount,
    timeWindow: tryWindow,
    keyGenerator: (request) => `account ${emailOf(request.body)}`,
  });

  app.post(
    '/api/login',
    {
      config: { role: 'public', rateLimit: { max: triesPerAddress, timeWindow: tryWindow } },
      schema: { summary: 'Log in; the session is a cookie', body: Login, response: { 200: Me } },
    },
    async (request, reply) => {
      const limit = await countAccount(request, { increment: false });
      if (!limit.isAllowed && limit.remaining <= 0) {
        throw new Problematic(
          429,
          'session/too-many',
          `Too many wrong tries for this account; try again in ${limit.ttlInSeconds} s.`,
        );
      }
      const account = await database.withoutFleet((query) => accountByEmail(query, emailOf(request.body)));
      const isRight = await passwordMatches(request.body.password, account?.passwordHash);
      if (!account || !isRight) {
        await countAccount(request);
        throw new Problematic(401, 'session/refused', 'E-mail address or password is wrong.');
      }
      const me = await database.withFleet(
        account.fleetId,
        async (query) => {
          const found = await userById(query, account.userId);
          if (found) await writeAudit(query, found, { action: 'log in', subject: `user ${found.userId}` });
          return found;
        },
        { write: true },
      );
      if (!me) throw new Problematic(401, 'session/refused', 'E-mail address or password is wrong.');
      await beginSession(reply, me, isSecure);
      return me;
    },
  );

  app.post(
    '/api/logout',
    {
      config: { role: 'public' },
      schema: { summary: 'Forget the session', response: { 204: Type.Null() } },
    },
    async (_request, reply) => {
      endSession(reply, isSecure);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/me',
    { config: { role: 'viewer' }, schema: { summary: 'Who is logged in', response: { 200: Me } } },
    async (request) => whoAsks(request),
  );
}

/** Addresses are kept in lower case. */
function emailOf(body: unknown): string {
  const email = typeof body === 'object' && body !== null && 'email' in body ? body.email : '';
  return String(email).trim().toLowerCase();
}
