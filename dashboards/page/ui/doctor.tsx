import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Diagnosis, DoctorFormat, Heard } from '../../api-doctor.ts';
import { dateAndTime, timeOfDaySeconds } from '../core/clock.ts';
import { place } from '../state/place.ts';
import { request, sentence } from '../state/request.ts';
import { mayDispatch, me, timeZone } from '../state/session.ts';
import { useLoaded } from './load.ts';

const MESSAGES_KEPT = 100;
type Message = Heard['messages'][number];

/** Says what a payload is: pasted, or as it comes from a device. */
export const DoctorScreen = () => (
  <main class="screen doctor">
    <header class="screen-title">
      <div>
        <h1>Doctor</h1>
        <p class="muted">
          What a payload is, the units it is taken to be in, and the fix that would be stored; or why not, and
          the line that changes it. Nothing is stored here.
        </p>
      </div>
    </header>
    {mayDispatch.value ? (
      <>
        <Paste />
        <Tail />
      </>
    ) : (
      <p class="empty">This needs the role dispatcher.</p>
    )}
    <Formats />
  </main>
);

const Paste = () => {
  const { parameters } = place.value;
  const diagnosis = useSignal<Diagnosis | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const form = useRef<HTMLFormElement>(null);
  const examine = async () => {
    const fields = new FormData(form.current!);
    const topic = String(fields.get('topic')).trim();
    const body = {
      payload: String(fields.get('payload')),
      encoding: fields.get('encoding'),
      ...(topic !== '' && { topic }),
    };
    try {
      diagnosis.value = await request<Diagnosis>('POST', '/api/doctor/examine', { body });
      problem.value = undefined;
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  // A link from a rejected payload brings it along.
  useEffect(() => {
    if (parameters.payload !== undefined) void examine();
  }, [parameters.payload]);
  return (
    <section class="doctor-part" aria-label="A payload">
      <form
        ref={form}
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void examine();
        }}
      >
        <label>
          Payload, as the device sends it
          <textarea
            name="payload"
            rows={8}
            required
            spellcheck={false}
            defaultValue={parameters.payload ?? ''}
            placeholder='{"_type":"location","lat":45.52,"lon":-122.67,"tst":1790000000}'
          />
        </label>
        <div class="inline-form">
          <label class="grows">
            Topic it is published to (none: it has to tell by itself)
            <input
              name="topic"
              maxLength={512}
              autocomplete="off"
              defaultValue={parameters.topic ?? ''}
              placeholder={`fleet/${me.value?.fleet.name}/device/…/telemetry`}
            />
          </label>
          <label>
            Written as
            <select name="encoding">
              <option value="auto">text, or a frame in hex</option>
              <option value="text">text</option>
              <option value="hex">hexadecimal</option>
              <option value="base64">base64</option>
            </select>
          </label>
          <button type="submit" class="button primary">
            Examine
          </button>
        </div>
        <p class="problem" role="alert">
          {problem.value}
        </p>
      </form>
      <div aria-live="polite">
        {diagnosis.value !== undefined && <DiagnosisView diagnosis={diagnosis.value} />}
      </div>
    </section>
  );
};

const how = {
  topic: 'by its topic',
  profile: 'by the profile of the device',
  payload: 'by its marks',
  nothing: '',
} as const;

const DiagnosisView = ({ diagnosis }: { diagnosis: Diagnosis }) => {
  const { format, title, units, by, device, fixes, rejections, notes, remedies, settings } = diagnosis;
  const isGood = fixes.length > 0 || (rejections.length === 0 && notes.length > 0);
  return (
    <div class={isGood ? 'diagnosis diagnosis-good' : 'diagnosis diagnosis-bad'}>
      <h3>
        {isGood
          ? fixes.length > 0
            ? `${fixes.length} ${fixes.length === 1 ? 'fix' : 'fixes'} would be stored`
            : 'Understood, and no fix'
          : 'Nothing would be stored'}
      </h3>
      <dl class="facts">
        <div>
          <dt>Format</dt>
          <dd>
            {title}
            {format !== null && <span class="muted"> {how[by]}</span>}
          </dd>
        </div>
        {format !== null && (
          <div>
            <dt>Units assumed</dt>
            <dd>{units}</dd>
          </div>
        )}
        {device !== null && (
          <div>
            <dt>Device</dt>
            <dd>{device}</dd>
          </div>
        )}
      </dl>
      {rejections.map(({ reason, detail }) => (
        <p key={`${reason}${detail}`}>
          <code>{reason}</code> {detail}
        </p>
      ))}
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      {remedies.map((remedy) => (
        <p key={remedy} class="remedy">
          To do: {remedy}.
        </p>
      ))}
      {settings !== null && (
        <>
          <p class="muted">In the file that PACELINE_FORMATS names:</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also without a pointer */}
          <pre tabIndex={0}>{JSON.stringify(settings, undefined, 2)}</pre>
        </>
      )}
      {fixes.slice(0, 5).map((fix, i) => (
        <FixView key={i} fix={fix} />
      ))}
      {fixes.length > 5 && <p class="muted">… and {fixes.length - 5} more</p>}
    </div>
  );
};

const unitOf: Readonly<Record<string, string>> = {
  speed: 'm/s',
  heading: '°',
  accuracy: 'm',
  altitude: 'm',
  odometer: 'm',
};

const FixView = ({ fix }: { fix: Readonly<Record<string, unknown>> }) => (
  <dl class="facts fix-fields">
    {Object.entries(fix)
      .filter(
        ([name, value]) =>
          value != null && name !== 'received' && !(Array.isArray(value) && value.length === 0),
      )
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name === 'flags' ? 'not used, because' : name}</dt>
          <dd>{fieldText(name, value)}</dd>
        </div>
      ))}
  </dl>
);

function fieldText(name: string, value: unknown): string {
  if ((name === 'at' || name === 'sent') && typeof value === 'number')
    return dateAndTime(value, timeZone.value);
  if (typeof value === 'number') {
    const text = name === 'lat' || name === 'lng' ? String(value) : String(Number(value.toPrecision(7)));
    return unitOf[name] === undefined ? text : `${text} ${unitOf[name]}`;
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Listens, a few seconds at a time, for as long as the person wants. */
const Tail = () => {
  const messages = useSignal<readonly Message[]>([]);
  const problem = useSignal<string | undefined>(undefined);
  const listening = useSignal<AbortController | undefined>(undefined);
  useEffect(() => () => listening.peek()?.abort(), [listening]);
  const begin = (event: SubmitEvent) => {
    event.preventDefault();
    if (listening.value !== undefined) return stop(listening);
    const device = String(new FormData(event.currentTarget as HTMLFormElement).get('device')).trim() || '+';
    listening.value = new AbortController();
    messages.value = [];
    void listen(device, listening.value.signal, { messages, problem }).finally(() => stop(listening));
  };
  return (
    <section class="doctor-part" aria-label="A running device">
      <h2>Listen to a device</h2>
      <form class="inline-form" onSubmit={begin}>
        <label class="grows">
          Device (none: all of the fleet, on their own topics)
          <input name="device" maxLength={128} autocomplete="off" disabled={listening.value !== undefined} />
        </label>
        <button type="submit" class="button primary">
          {listening.value === undefined ? 'Listen' : 'Stop'}
        </button>
      </form>
      <p class="problem" role="alert">
        {problem.value}
      </p>
      {listening.value !== undefined && messages.value.length === 0 && <p class="muted">Listening…</p>}
      <ul class="heard">
        {messages.value.map(({ topic, received, payload, diagnosis }) => (
          <li key={`${topic} ${received} ${payload}`}>
            <details>
              <summary>
                <span class={diagnosis.fixes.length > 0 ? 'good-text' : 'bad-text'}>
                  {diagnosis.fixes.length > 0
                    ? `${diagnosis.fixes.length} stored`
                    : (diagnosis.rejections[0]?.reason ?? 'no fix')}
                </span>{' '}
                {timeOfDaySeconds(received, timeZone.value)} {topic}
              </summary>
              <code class="payload-text">{payload}</code>
              <DiagnosisView diagnosis={diagnosis} />
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
};

function stop(listening: Signal<AbortController | undefined>): void {
  listening.value?.abort();
  listening.value = undefined;
}

async function listen(
  device: string,
  ended: AbortSignal,
  { messages, problem }: { messages: Signal<readonly Message[]>; problem: Signal<string | undefined> },
): Promise<void> {
  problem.value = undefined;
  while (!ended.aborted) {
    try {
      const body = { device, seconds: 3 };
      const heard = await request<Heard>('POST', '/api/doctor/tail', { body, signal: ended });
      messages.value = [...[...heard.messages].reverse(), ...messages.peek()].slice(0, MESSAGES_KEPT);
      if (heard.problem === null) continue;
      problem.value = heard.problem;
    } catch (error) {
      if (!ended.aborted) problem.value = sentence(error);
    }
    return;
  }
}

const Formats = () => {
  const formats = useLoaded<DoctorFormat[]>('/api/doctor/formats');
  return (
    <section class="doctor-part" aria-label="Formats">
      <h2>Formats known here</h2>
      <ul class="formats">
        {formats.value.value?.map(({ name, title, units, topics }) => (
          <li key={name}>
            <strong>{title}</strong> <code>{name}</code>
            <p class="muted">{units}</p>
            <p class="muted small">{topics.length === 0 ? 'on no topic of its own' : topics.join(' · ')}</p>
          </li>
        ))}
      </ul>
    </section>
  );
};
