import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { dateAndTime } from '../../core/clock.ts';
import { absolute, instantOf, quickRanges } from '../../core/time-range.ts';
import { setParameters } from '../../state/place.ts';
import { timeZone } from '../../state/session.ts';
import { Icon } from '../icons.tsx';
import type { Question } from './panel-view.ts';

type Props = {
  readonly from: string;
  readonly to: string;
  readonly refresh: string;
  readonly intervals: readonly string[];
  readonly question: Question;
  readonly onRefresh: () => void;
};

export const TimeControls = ({ from, to, refresh, intervals, question, onRefresh }: Props) => {
  const span = question.until - question.from;
  const go = (start: number, end: number) => setParameters(absolute(start, end));
  return (
    <div class="time-controls">
      <button
        type="button"
        class="button icon-button"
        aria-label="Earlier"
        title="Earlier"
        onClick={() => go(question.from - span / 2, question.until - span / 2)}
      >
        <Icon name="left" />
      </button>
      <RangePicker from={from} to={to} question={question} />
      <button
        type="button"
        class="button icon-button"
        aria-label="Later"
        title="Later"
        onClick={() => go(question.from + span / 2, question.until + span / 2)}
      >
        <Icon name="right" />
      </button>
      <button
        type="button"
        class="button icon-button"
        aria-label="Zoom out"
        title="Zoom out"
        onClick={() => go(question.from - span / 2, question.until + span / 2)}
      >
        <Icon name="zoomOut" />
      </button>
      <button
        type="button"
        class="button icon-button"
        aria-label="Refresh now"
        title="Refresh now"
        onClick={onRefresh}
      >
        <Icon name="refresh" />
      </button>
      <select
        aria-label="Refresh every"
        value={refresh}
        onChange={(event) => setParameters({ refresh: event.currentTarget.value || 'off' })}
      >
        <option value="off">Off</option>
        {[...new Set([...intervals, ...(/^\d/.test(refresh) ? [refresh] : [])])].map((interval) => (
          <option key={interval} value={interval}>
            {interval}
          </option>
        ))}
      </select>
    </div>
  );
};

const RangePicker = ({ from, to, question }: Pick<Props, 'from' | 'to' | 'question'>) => {
  const isOpen = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const isEscape = event instanceof KeyboardEvent && event.key === 'Escape';
      const isOutside = holder.current?.contains(event.target as Node) === false;
      if (isEscape || (event.type !== 'keydown' && isOutside)) isOpen.value = false;
    };
    for (const kind of ['keydown', 'click', 'focusin']) document.addEventListener(kind, close);
    return () => {
      for (const kind of ['keydown', 'click', 'focusin']) document.removeEventListener(kind, close);
    };
  }, [isOpen]);
  const choose = (start: string, end: string) => {
    setParameters({ from: start, to: end });
    isOpen.value = false;
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const [start, end] = [String(fields.get('from')).trim(), String(fields.get('to')).trim()];
    const zone = timeZone.value;
    const [first, last] = [instantOf(start, 0, 'from', zone), instantOf(end, 0, 'to', zone)];
    if (first === undefined || last === undefined || first >= last) {
      problem.value = 'Write times as “now-6h”, “now/d” or “2026-11-21 08:00”, the earlier one first.';
    } else {
      problem.value = undefined;
      choose(start, end);
    }
  };
  return (
    <div class="range" ref={holder}>
      <button
        type="button"
        class="button"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        {rangeWords(from, to, question)}
        <Icon name="down" size={12} />
      </button>
      {isOpen.value && (
        <div class="menu range-menu">
          <form onSubmit={submit}>
            <label>
              From
              <input name="from" defaultValue={editable(from)} />
            </label>
            <label>
              To
              <input name="to" defaultValue={editable(to)} />
            </label>
            {problem.value !== undefined && (
              <p class="problem small" role="alert">
                {problem.value}
              </p>
            )}
            <button class="button primary" type="submit">
              Apply
            </button>
            <p class="muted small">Time zone: {timeZone.value}</p>
          </form>
          <ul>
            {quickRanges.map((range) => (
              <li key={range.words}>
                <button
                  type="button"
                  class="range-choice"
                  aria-pressed={range.from === from && range.to === to}
                  onClick={() => choose(range.from, range.to)}
                >
                  {range.words}
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
};

const editable = (text: string): string =>
  /^\d{9,}$/.test(text) ? new Date(Number(text)).toISOString() : text;

function rangeWords(from: string, to: string, { from: start, until }: Question): string {
  const quick = quickRanges.find((range) => range.from === from && range.to === to);
  if (quick !== undefined) return quick.words;
  return `${dateAndTime(start, timeZone.value)} to ${dateAndTime(until, timeZone.value)}`;
}
