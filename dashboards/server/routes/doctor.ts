import Type from 'typebox';
import type { Doctor, Diagnosis as Found } from '../../../schemas/doctor.ts';
import { topicName } from '../../../schemas/topics.ts';
import { Diagnosis, DoctorFormat, Examining, Heard, Tailing } from '../../api-doctor.ts';
import { profileOf } from '../../queries/devices.ts';
import type { App, AppDeps } from '../deps.ts';
import { Problematic } from '../problems.ts';
import { whoAsks } from '../session.ts';
import { bytesOf, shownText } from '../specimen.ts';

const HEARD_MAX = 50;
const TAILS_MAX = 20;

/** Says what a payload is, and why it would be refused; stores nothing. */
export function doctorRoutes(app: App, { database, doctor, now }: AppDeps): void {
  let tails = 0;
  const profileFor = async (
    fleet: { readonly id: number; readonly name: string },
    topic: string | undefined,
  ) => {
    const [root, name, branch, device] = topic?.split('/') ?? [];
    if (root !== 'fleet' || name !== fleet.name || branch !== 'device' || device === undefined)
      return undefined;
    return database.withFleet(fleet.id, (query) => profileOf(query, device));
  };

  app.get(
    '/api/doctor/formats',
    {
      config: { role: 'viewer' },
      schema: { summary: 'The formats that are known here', response: { 200: Type.Array(DoctorFormat) } },
    },
    () => present(doctor).formats.map((format) => ({ ...format, topics: [...format.topics] })),
  );

  app.post(
    '/api/doctor/examine',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary:
          'What a payload is, and the fixes that would be stored of it, or why not and what would change that',
        body: Examining,
        response: { 200: Diagnosis },
      },
    },
    async (request) => {
      const { payload, encoding, topic } = request.body;
      const { fleet } = whoAsks(request);
      const bytes = bytesOf(payload, encoding ?? 'auto');
      if (typeof bytes === 'string') throw new Problematic(400, 'request/invalid', bytes);
      const profile = await profileFor(fleet, topic);
      const specimen = { payload: bytes, topic: topic === '' ? undefined : topic, profile, received: now() };
      return said(present(doctor).examine(specimen));
    },
  );

  app.post(
    '/api/doctor/tail',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary:
          'What devices of the fleet publish on their own topics, for some seconds, each message examined',
        body: Tailing,
        response: { 200: Heard },
      },
    },
    async (request) => {
      const { device, seconds = 5 } = request.body;
      const { fleet } = whoAsks(request);
      if (device !== '+' && !topicName.test(device)) {
        throw new Problematic(400, 'request/invalid', `“${device}” cannot be a device; + listens to all.`);
      }
      if (tails >= TAILS_MAX)
        throw new Problematic(429, 'request/too-many', 'Too many listen at once; try again.');
      tails++;
      const enough = new AbortController();
      const timer = setTimeout(() => enough.abort(), seconds * 1000);
      const leave = () => enough.abort();
      request.raw.socket.once('close', leave);
      try {
        const messages: { topic: string; payload: Uint8Array; received: number }[] = [];
        const filter = `fleet/${fleet.name}/device/${device}/telemetry`;
        const problem = await present(doctor).listen(
          filter,
          (topic, payload) => {
            if (messages.push({ topic, payload, received: now() }) >= HEARD_MAX) enough.abort();
          },
          enough.signal,
        );
        const heard: Heard['messages'] = [];
        for (const { topic, payload, received } of messages.slice(0, HEARD_MAX)) {
          const profile = await profileFor(fleet, topic);
          const diagnosis = said(present(doctor).examine({ payload, topic, profile, received }));
          heard.push({ topic, received, ...shownText(payload), diagnosis });
        }
        return { filter, problem: problem ?? null, messages: heard };
      } finally {
        tails--;
        clearTimeout(timer);
        request.raw.socket.off('close', leave);
      }
    },
  );
}

/** With nulls, which JSON has, for what is undefined. */
function said({ format, device, settings, fixes, rejections, notes, remedies, ...rest }: Found): Diagnosis {
  return {
    ...rest,
    format: format ?? null,
    device: device ?? null,
    settings: settings ?? null,
    fixes: fixes.map((fix) => ({ ...fix })),
    rejections: [...rejections],
    notes: [...notes],
    remedies: [...remedies],
  };
}

function present(doctor: Doctor | undefined): Doctor {
  if (doctor !== undefined) return doctor;
  throw new Problematic(
    503,
    'doctor/missing',
    'This installation has no doctor; `paceline doctor` says the same.',
  );
}
