import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { freshness } from '../core/freshness.ts';
import { link, vans, vansChanged, wallClock } from '../state/fleet.ts';
import { followFleet } from '../state/live.ts';
import { go, place } from '../state/place.ts';
import { serverClockAhead } from '../state/request.ts';
import { logOut, me } from '../state/session.ts';
import { theme, toggleTheme } from '../state/theme.ts';
import { Announcer } from './announcer.tsx';
import { Icon } from './icons.tsx';

const screens = [
  { path: '/', word: 'Operations', isAt: (path: string) => path === '/' },
  { path: '/dashboards', word: 'Dashboards', isAt: (path: string) => /^\/(dashboards|d\/)/.test(path) },
  { path: '/performance', word: 'Routes', isAt: (path: string) => path === '/performance' },
  { path: '/fences', word: 'Fences', isAt: (path: string) => path === '/fences' },
  { path: '/devices', word: 'Devices', isAt: (path: string) => path === '/devices' },
  { path: '/doctor', word: 'Doctor', isAt: (path: string) => path === '/doctor' },
  { path: '/about', word: 'Health', isAt: (path: string) => path === '/about' },
];

export const Shell = ({ children }: { children: ComponentChildren }) => {
  useEffect(followFleet, []);
  useEffect(() => {
    document.addEventListener('click', followLink);
    return () => document.removeEventListener('click', followLink);
  }, []);
  const { path } = place.value;
  return (
    <div class="shell">
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="topbar">
        <a class="brand" href="/" aria-label="Paceline, operations">
          <img src="/icon.svg" alt="" width="24" height="24" />
          <span>Paceline</span>
        </a>
        <nav aria-label="Screens">
          {screens.map(({ path: target, word, isAt }) => (
            <a key={target} href={target} aria-current={isAt(path) ? 'page' : undefined}>
              {word}
            </a>
          ))}
        </nav>
        <DataAge />
        <button
          type="button"
          class="button icon-button"
          onClick={toggleTheme}
          aria-label={theme.value === 'dark' ? 'Use the light theme' : 'Use the dark theme'}
          title={theme.value === 'dark' ? 'Light theme' : 'Dark theme'}
        >
          <Icon name={theme.value === 'dark' ? 'sun' : 'moon'} />
        </button>
        <Person />
      </header>
      <div class="content" id="content">
        {children}
      </div>
      <Announcer />
    </div>
  );
};

/** Links stay ordinary links (open in a tab, copy); a plain click changes the page in place. */
function followLink(event: MouseEvent): void {
  const anchor = (event.target as Element).closest('a');
  const href = anchor?.getAttribute('href');
  if (anchor === null || href === null || href === undefined || !href.startsWith('/')) return;
  if (event.defaultPrevented || event.button !== 0 || anchor.hasAttribute('download')) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (/^\/(api|docs)\b/.test(href)) return;
  event.preventDefault();
  go(href);
}

const DataAge = () => {
  vansChanged.value;
  const newest = Number.isFinite(vans.newest) ? vans.newest : undefined;
  const { level, words } = freshness(link.value, newest, wallClock.value + serverClockAhead());
  return (
    <span class={`badge age-${level}`} title="Age of the newest fix of the fleet">
      <span class="dot" aria-hidden="true" />
      {words}
    </span>
  );
};

const Person = () => {
  const open = useSignal(false);
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const isInside = holder.current?.contains(event.target as Node | null) === true;
      const isEscape = event instanceof KeyboardEvent && event.key === 'Escape';
      if (isEscape || (!isInside && !(event instanceof KeyboardEvent))) open.value = false;
    };
    const kinds = ['keydown', 'click', 'focusin'];
    for (const kind of kinds) document.addEventListener(kind, close);
    return () => {
      for (const kind of kinds) document.removeEventListener(kind, close);
    };
  }, [open]);
  const person = me.value;
  if (person === null || person === undefined) return null;
  return (
    <div class="person" ref={holder}>
      <button
        type="button"
        class="button person-button"
        aria-expanded={open.value}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <span class="avatar" aria-hidden="true">
          {person.name.slice(0, 1).toUpperCase()}
        </span>
        <span class="unseen">Account of {person.name}, </span>
        <span class="person-words">
          {person.fleet.name} · {person.role}
        </span>
      </button>
      {open.value && (
        <div class="menu">
          <p>
            <strong>{person.name}</strong>
            <span class="muted">{person.email}</span>
            <span class="muted">
              {person.role} of fleet {person.fleet.name} ({person.fleet.timeZone})
            </span>
          </p>
          <button type="button" class="button" onClick={() => void logOut()}>
            <Icon name="leave" /> Log out
          </button>
        </div>
      )}
    </div>
  );
};
