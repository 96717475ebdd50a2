import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Health } from '../../api.ts';
import { dateAndTime } from '../core/clock.ts';
import { fleetClock } from '../core/van-store.ts';
import { link, vans, vansChanged } from '../state/fleet.ts';
import { me, timeZone } from '../state/session.ts';
import { Icon, type IconName } from './icons.tsx';

const EVERY_SECONDS = 10;
const icons: Readonly<Record<string, IconName>> = { ok: 'check', down: 'close' };

/** Whether Paceline itself is well. */
export const About = () => {
  const health = useSignal<Health | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  useEffect(() => {
    const ended = new AbortController();
    const read = async () => {
      try {
        // "Down" is an answer too, with status 503, so this does not go through `request`.
        const response = await fetch('/api/health', { signal: ended.signal });
        health.value = (await response.json()) as Health;
        problem.value = undefined;
      } catch {
        if (!ended.signal.aborted) problem.value = 'The server does not answer.';
      }
    };
    void read();
    const timer = window.setInterval(() => !document.hidden && void read(), EVERY_SECONDS * 1000);
    return () => {
      ended.abort();
      window.clearInterval(timer);
    };
  }, [health, problem]);
  const parts = health.value?.parts ?? [];
  return (
    <main class="screen">
      <header class="screen-title">
        <h1>Health</h1>
        <p class={`health-word health-${problem.value === undefined ? health.value?.status : 'down'}`}>
          {problem.value ?? health.value?.status ?? 'Asking…'}
        </p>
      </header>
      <ul class="health-parts">
        {parts.map(({ name, status, detail }) => (
          <li key={name} class={`health-${status}`}>
            <strong>{name}</strong>
            <span class="health-word">
              <Icon name={icons[status] ?? 'warning'} size={13} />
              {status}
            </span>
            <span class="muted">{detail}</span>
          </li>
        ))}
      </ul>
      <section>
        <h2>This page</h2>
        <PageFacts />
      </section>
      <p class="muted">
        Paceline: fleet telematics for last-mile delivery. <a href="/docs">API documentation</a>
      </p>
    </main>
  );
};

const PageFacts = () => {
  vansChanged.value;
  const clock = fleetClock(vans, performance.now());
  return (
    <dl class="figures">
      <div>
        <dt>Connection</dt>
        <dd>{link.value}</dd>
      </div>
      <div>
        <dt>Fleet's clock</dt>
        <dd>{dateAndTime(clock, timeZone.value)}</dd>
      </div>
      <div>
        <dt>Vans known</dt>
        <dd>{vans.count}</dd>
      </div>
      <div>
        <dt>Logged in</dt>
        <dd>
          {me.value?.email}, {me.value?.role}
        </dd>
      </div>
    </dl>
  );
};
