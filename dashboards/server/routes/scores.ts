import Type from 'typebox';
import { profiles, scoreOf } from '../../../engine/behaviour/score.ts';
import { type DrivingEvent, ScoreRow } from '../../api.ts';
import { driven, drivingEvents } from '../../queries/scores.ts';
import type { App, AppDeps } from '../deps.ts';
import { whoAsks } from '../session.ts';

const WEEK = 7 * 86_400;
/** Instants that PostgreSQL knows: until the year 9999. */
const Instant = Type.Number({ minimum: 0, maximum: 253_402_300_799 });

/** How drivers drive: scores made of what was concluded, each deduction with what it rests on. */
export function scoreRoutes(app: App, { database, now }: AppDeps): void {
  app.get(
    '/api/scores',
    {
      config: { role: 'analyst' },
      schema: {
        summary:
          'Driving scores of a time (the trailing week), worst first, with the evidence of every deduction',
        querystring: Type.Object({
          from: Type.Optional(Instant),
          until: Type.Optional(Instant),
          by: Type.Optional(
            Type.Union([Type.Literal('driver'), Type.Literal('vehicle'), Type.Literal('route')]),
          ),
          profile: Type.Optional(Type.Union(profiles.map(({ id }) => Type.Literal(id)))),
        }),
        response: { 200: Type.Array(ScoreRow) },
      },
    },
    (request) => {
      const { by = 'driver', profile: id = profiles[0]!.id, until = now() } = request.query;
      const span = { from: request.query.from ?? until - WEEK, until };
      const profile = profiles.find((one) => one.id === id) ?? profiles[0]!;
      return database.withFleet(whoAsks(request).fleet.id, async (query) => {
        const events = new Map<string, DrivingEvent[]>();
        for (const { subject, ...event } of await drivingEvents(query, by, span)) {
          const own = events.get(subject);
          if (own) own.push(event);
          else events.set(subject, [event]);
        }
        const rows = (await driven(query, by, span)).flatMap(
          ({ subject, distance, routeDays }): ScoreRow[] => {
            const score = scoreOf(profile, { events: events.get(subject) ?? [], distance, routeDays });
            if (score === undefined) return [];
            const { deductions, ...rest } = score;
            const about = { profile: profile.id, profileVersion: profile.version };
            return [
              {
                subject,
                distance,
                routeDays,
                ...about,
                ...rest,
                deductions: deductions.map((one) => ({ ...one, evidence: [...one.evidence] })),
              },
            ];
          },
        );
        return rows.sort((a, b) => a.score - b.score);
      });
    },
  );
}
